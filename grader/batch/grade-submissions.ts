import { randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { compiledTests } from '../engine/compiled-tests.ts'
import type { CourseStore } from '../exercise/course-store.ts'
import type { Course, Exercise } from '../exercise/exercise.ts'
import { chooseIsolation, type IsolationChoice } from '../isolation/choose-isolation.ts'
import { none } from '../isolation/none.ts'
import { ownPackage } from '../package-root.ts'
import type { Grades, Submission } from '../report/grades.ts'
import { makeEarlyReport, type ReportHead } from '../report/make-report.ts'
import type { Cause, Report } from '../report/schema.ts'
import type { ServiceSettings } from '../services/server.ts'
import { harmless } from '../solution/output-log.ts'
import { openRunScope, type RunScope } from '../solution/run-scope.ts'
import { languageRoots } from '../toolchains/language-roots.ts'
import type { UserErrorCode } from '../user-error.ts'
import { copySubmission } from './copy-submission.ts'
import { courseDependencies, providedPackages } from './course-dependencies.ts'
import { explainPackages } from './explain-packages.ts'
import type { FoundSubmission } from './find-submissions.ts'
import { gradeInPod } from './grade-in-pod.ts'
import { inTurns } from './in-turns.ts'
import { RefusedSubmission } from './refused-submission.ts'
import { type JobResult, openWorkerPool } from './worker-pool.ts'

export interface GradeSubmissionsRequest {
  course: Course
  submissions: FoundSubmission[]
  isolation: IsolationChoice
  /** The image for pods of Docker. */
  image?: string | undefined
  /** How services are started where solutions are not isolated. */
  services: ServiceSettings
  /** How many are graded at once. */
  jobs: number
  /** The same random inputs for all; default: others for each. */
  seed?: string | undefined
  hostEnvironment: Record<string, string | undefined>
  /** For compiled tests and the course's packages. */
  cache: CourseStore
  signal: AbortSignal
  onProgress?: ((text: string) => void) | undefined
}

/**
 * Grades solutions that may be hostile: each is copied, confined as well as this machine can, and judged by tests that
 * come from the course alone.
 * @throws UserError `environment` when they can't be isolated as wanted: then nothing was started
 */
export async function gradeSubmissions(request: GradeSubmissionsRequest): Promise<Grades> {
  const { course, submissions, jobs, hostEnvironment, cache, signal, onProgress } = request
  const startedAt = new Date()
  const start = performance.now()
  const maker = await chooseIsolation(request.isolation, { ...request, images: request.services.images })
  const provided = await courseDependencies({
    course: course.folder,
    cache: cache.folder,
    hostEnvironment,
    signal,
    onProgress,
  })
  const packages = provided && join(provided, 'node_modules')
  const packageNames = providedPackages(course.folder)
  const languages = maker ? await languageRoots({ hostEnvironment, cache: cache.folder }) : []
  await using scope = openRunScope()
  // Whoever the solutions run as must get through to the copies; their names can't be guessed.
  await chmod(scope.scratch, 0o711)
  const compiled = await compileAll(request, scope)
  await using pool = openWorkerPool(maker ? 0 : jobs)
  let done = 0

  const grade = async (found: FoundSubmission): Promise<Submission> => {
    const { learner, exercise: id, relative } = found
    const exercise = course.exercises.find((each) => each.id === id) as Exercise
    const head = headOf(exercise, request.seed ?? randomBytes(2).toString('hex'))
    const report = await gradeOne(found, exercise, head)
    onProgress?.(`${++done} of ${submissions.length} graded`)
    return { ...(learner === undefined ? {} : { learner }), exercise: id, folder: relative, report }
  }
  const gradeOne = async (found: FoundSubmission, exercise: Exercise, head: HeadMaker): Promise<Report> => {
    if (found.refused !== undefined) return refusal(head, found.refused)
    const copy = join(await scope.folder('submission'), 'solution')
    try {
      await copySubmission({ from: found.folder, to: copy, signal })
    } catch (error) {
      if (!(error instanceof RefusedSubmission)) throw error
      return refusal(head, error.reason)
    }
    const tests = compiled.get(exercise.id) ?? []
    const job = { exercise, solution: copy, seed: head().seed }
    const result: JobResult = maker
      ? await gradeInPod({
          maker,
          job,
          course: course.folder,
          tests,
          hostEnvironment,
          packages,
          languages,
          signal,
          head,
        })
      : await pool.grade({ ...job, tests, services: request.services, hostEnvironment })
    // Where the copy lies says nothing to anybody.
    const report = result.report ?? unfinished(head, result, (text) => text.replaceAll(copy, found.relative))
    return maker ? explainPackages(report, copy, packageNames) : report
  }
  const graded = await inTurns(submissions, jobs, signal, grade)
  const intended = maker ? { id: maker.id, mechanism: maker.name, limits: [] } : none.description
  const sum = (key: 'earned' | 'possible') => graded.reduce((total, { report }) => total + report.points[key], 0)
  return {
    version: 1,
    course: { id: course.id, title: course.title },
    isolation: graded.find(({ report }) => report.isolation.id !== 'none')?.report.isolation ?? intended,
    points: { earned: sum('earned'), possible: sum('possible') },
    submissions: graded,
    startedAt: startedAt.toISOString(),
    ms: Math.round(performance.now() - start),
    grader: ownPackage().version,
  }
}

/** Makes what every report begins with, for those that are not made where the tests run. */
export type HeadMaker = (isolation?: ReportHead['isolation'], ms?: number) => ReportHead

function headOf(exercise: Exercise, seed: string): HeadMaker {
  const startedAt = new Date()
  return (isolation = none.description, ms = 0) => ({
    exercise,
    seed,
    toolchain: { id: 'unknown', name: 'unknown', version: 'not started' },
    services: [],
    isolation,
    startedAt,
    ms,
    grader: ownPackage().version,
  })
}

function refusal(head: HeadMaker, reason: string): Report {
  return makeEarlyReport(head(), { cause: 'refused', message: reason })
}

const causeOfUserError: Partial<Record<UserErrorCode, Cause>> = {
  environment: 'environment',
  invalid_course: 'exercise',
  invalid_exercise: 'exercise',
}

/** A grading that came to no verdict: because of the solution, of this machine, or of us. */
function unfinished(head: HeadMaker, { error, user }: JobResult, shown: (text: string) => string): Report {
  if (user) {
    const cause = causeOfUserError[user.code] ?? 'build_failed'
    const message = [user.message, user.remedy].filter((text) => text !== undefined).join('\n')
    return makeEarlyReport(head(), { cause, message: harmless(shown(message)) })
  }
  return makeEarlyReport(head(), { cause: 'internal', message: harmless(error ?? 'no answer').slice(0, 2000) })
}

/** The compiled hidden tests by exercise; what the build has not compiled is compiled once for all. */
async function compileAll(
  { course, submissions, cache }: GradeSubmissionsRequest,
  scope: RunScope,
): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>()
  for (const exercise of course.exercises) {
    if (submissions.some((each) => each.exercise === exercise.id))
      files.set(exercise.id, await compiledTests(exercise, scope, cache))
  }
  return files
}
