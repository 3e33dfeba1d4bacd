import { openWorkerPool } from '../batch/worker-pool.ts'
import type { Course } from '../exercise/exercise.ts'
import { findExercise } from '../exercise/open-course.ts'
import type { Problem } from '../exercise/read-yaml.ts'
import { openRunScope } from '../solution/run-scope.ts'
import { checkExercise, type CheckRequest, type ExerciseCheck } from './check-exercise.ts'

export interface CheckCourseRequest extends Pick<CheckRequest, 'repeat' | 'hostEnvironment' | 'cache' | 'onProgress'> {
  course: Course
  /** One exercise; all when absent. */
  only?: string
  /** Gradings at once. */
  jobs: number
}

export interface CourseCheck {
  exercises: ExerciseCheck[]
  /** Of all exercises, and of those that could not even be read. */
  problems: Problem[]
  ms: number
}

/**
 * Checks a course, one exercise after the other, each on several processes.
 * @throws UserError when the exercise asked for is not there or not valid
 */
export async function checkCourse({ course, only, jobs, ...request }: CheckCourseRequest): Promise<CourseCheck> {
  const start = performance.now()
  const exercises = only === undefined ? course.exercises : [findExercise(course, only)]
  const result: CourseCheck = { exercises: [], problems: only === undefined ? [...course.problems] : [], ms: 0 }
  await using scope = openRunScope()
  await using pool = openWorkerPool(jobs)
  for (const exercise of exercises) {
    const check = await checkExercise({ ...request, exercise, course, scope, pool })
    result.exercises.push(check)
    result.problems.push(...check.problems)
  }
  result.ms = Math.round(performance.now() - start)
  return result
}
