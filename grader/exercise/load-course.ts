import { join } from 'node:path'
import { UserError } from '../user-error.ts'
import { describeProblems } from './describe-problem.ts'
import type { Course } from './exercise.ts'
import { loadExercise } from './load-exercise.ts'
import { readYaml } from './read-yaml.ts'
import { courseSchema } from './schema.ts'

/**
 * Reads a course's folder with all its exercises. One broken exercise does not spoil the others.
 * @throws UserError `invalid_course` when `course.yaml` itself can't be used
 */
export async function loadCourse(folder: string): Promise<Course> {
  const file = join(folder, 'course.yaml')
  const { value, problems } = await readYaml(file, courseSchema)
  if (!value)
    throw new UserError('invalid_course', describeProblems(`The course in ${folder} can't be used.`, problems))
  const places = value.topics.flatMap((topic) => topic.exercises.map((id) => join(folder, topic.id, id)))
  const loaded = await Promise.all(places.map(loadExercise))
  const exercises = loaded.flatMap(({ exercise }) => exercise ?? [])
  return {
    id: value.id,
    title: value.title,
    folder,
    topics: value.topics,
    exercises,
    problems: loaded.flatMap((entry) => entry.problems),
  }
}
