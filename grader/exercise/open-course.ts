import { nearest } from './nearest.ts'
import { UserError } from '../user-error.ts'
import { builtInCourse, readBuiltCourse } from './built-course.ts'
import type { Course, Exercise } from './exercise.ts'

/**
 * Opens a course for use: the built-in one as it was built, any other from its files.
 * @throws UserError `invalid_course` when `course.yaml` can't be used
 */
export async function openCourse(folder: string = builtInCourse): Promise<Course> {
  const built = folder === builtInCourse ? readBuiltCourse() : undefined
  if (built) return built
  const { loadCourse } = await import('./load-course.ts')
  return loadCourse(folder)
}

/** Opens a course from its files, so that every mistake in them is found. */
export async function openCourseForAuthor(folder: string = builtInCourse): Promise<Course> {
  const { loadCourse } = await import('./load-course.ts')
  return loadCourse(folder)
}

/**
 * The exercise of this id.
 * @throws UserError `unknown_exercise`, or `invalid_exercise` with everything that is wrong with it
 */
export async function findExercise(course: Course, id: string): Promise<Exercise> {
  const found = course.exercises.find((exercise) => exercise.id === id)
  if (found) return found
  const ids = course.topics.flatMap((topic) => topic.exercises)
  if (ids.includes(id)) {
    const { describeProblems } = await import('./load-course.ts')
    const problems = course.problems.filter(({ file }) => file.includes(`/${id}/`))
    throw new UserError('invalid_exercise', describeProblems(`The exercise ${id} is not valid.`, problems))
  }
  const close = nearest(id, ids)
  throw new UserError('unknown_exercise', `There is no exercise "${id}".${close ? ` Did you mean "${close}"?` : ''}`, {
    remedy: 'To see all, type: learn-backend list',
  })
}
