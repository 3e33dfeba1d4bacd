import { openWorkerPool } from '../batch/worker-pool.ts'
import type { Course } from '../exercise/exercise.ts'
import { findExercise } from '../exercise/open-course.ts'
import type { Problem } from '../exercise/read-yaml.ts'
import type { ServiceSettings } from '../services/server.ts'
import { openRunScope } from '../solution/run-scope.ts'
import { checkExercise, type CheckRequest, type ExerciseCheck } from './check-exercise.ts'

export interface CheckCourseRequest extends Pick<
  CheckRequest,
  'repeat' | 'languages' | 'hostEnvironment' | 'cache' | 'onProgress' | 'services'
> {
  course: Course
  /** One exercise; all when absent. */
  only?: string
  /** Gradings at once. */
  jobs: number
  /** Called when an exercise is done. */
  onExercise?: (check: ExerciseCheck) => void
  /** Aborting it ends everything that was started and rejects with its reason. */
  signal?: AbortSignal
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
export async function checkCourse({
  course,
  only,
  jobs,
  onExercise,
  signal,
  ...request
}: CheckCourseRequest): Promise<CourseCheck> {
  const start = performance.now()
  const exercises = only === undefined ? course.exercises : [findExercise(course, only)]
  const result: CourseCheck = { exercises: [], problems: only === undefined ? [...course.problems] : [], ms: 0 }
  await using scope = openRunScope()
  // Slow services serve all gradings of the check, and go with it.
  const services: ServiceSettings = { ...request.services, keepWarm: 60_000, group: scope.id }
  await using warm = {
    async [Symbol.asyncDispose]() {
      const { stopWarmServices } = await import('../services/warm/warm-services.ts')
      await stopWarmServices(({ group }) => group === scope.id)
    },
  }
  void warm
  await using pool = openWorkerPool(jobs)
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  aborted.catch(() => {})
  for (const exercise of exercises) {
    const checking = checkExercise({ ...request, services, exercise, course, scope, pool })
    // When it is aborted, the pool below ends the processes of what is still being checked.
    checking.catch(() => {})
    const check = await Promise.race([checking, aborted])
    result.exercises.push(check)
    onExercise?.(check)
    result.problems.push(...check.problems)
  }
  result.ms = Math.round(performance.now() - start)
  return result
}
