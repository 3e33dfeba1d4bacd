import { UserError } from '../user-error.ts'
import { builtCourse, builtInCourse, type CourseStore, storeCourse, storedCourse, storeSalt } from './course-store.ts'
import { describeProblems } from './describe-problem.ts'
import type { Course, Exercise } from './exercise.ts'
import { courseFingerprint } from './fingerprint.ts'
import { nearest } from './nearest.ts'

/**
 * Opens a course for use.
 * @param folder default: the built-in course
 * @param cache where checked courses are kept; without it each use reads all YAML again
 * @throws UserError `invalid_course` when `course.yaml` can't be used
 */
export async function openCourse(folder: string = builtInCourse, cache?: CourseStore): Promise<Course> {
  const built = folder === builtInCourse ? builtCourse() : undefined
  if (built) return built
  const fingerprint = courseFingerprint(folder, storeSalt)
  const stored = cache && storedCourse(cache, fingerprint, folder)
  if (stored) return stored
  const { loadCourse } = await import('./load-course.ts')
  const course = await loadCourse(folder)
  // A cache that can't be written costs time, nothing else.
  if (cache && course.problems.length === 0) await storeCourse(cache, fingerprint, course).catch(() => {})
  return course
}

/**
 * The exercise of this id.
 * @throws UserError `unknown_exercise`, or `invalid_exercise` with everything that is wrong with it
 */
export function findExercise(course: Course, id: string): Exercise {
  const found = course.exercises.find((exercise) => exercise.id === id)
  if (found) return found
  const ids = course.topics.flatMap((topic) => topic.exercises)
  if (ids.includes(id)) {
    const problems = course.problems.filter(({ file }) => file.includes(`/${id}/`))
    throw new UserError('invalid_exercise', describeProblems(`The exercise ${id} is not valid.`, problems))
  }
  const close = nearest(id, ids)
  throw new UserError('unknown_exercise', `There is no exercise "${id}".${close ? ` Did you mean "${close}"?` : ''}`, {
    remedy: 'To see all, type: npx learn-backend list',
  })
}
