/**
 * The grader as a library: no terminal, no environment, no exit. What an ordinary grading does not need is loaded when
 * it is called.
 */
import type { CheckCourseRequest, CourseCheck } from './author/check-course.ts'
import type { ExerciseCheck } from './author/check-exercise.ts'
import type { NewExercise } from './author/new-exercise.ts'
import type { BuiltCourse } from './exercise/build-course.ts'
import type { Diagnosis } from './doctor/index.ts'
import type { Surroundings } from './doctor/check.ts'
import type { Course } from './exercise/exercise.ts'
import type { Pruned } from './services/prune.ts'
import type { DriverId, ServiceSettings } from './services/server.ts'
import type { ServiceSurvey } from './services/survey.ts'
import type { HeldService, HoldRequest } from './services/warm/hold-services.ts'
import type { WarmService } from './services/warm/warm-services.ts'
import type { RunRequest } from './workspace/run-solution.ts'

import type { Exit } from './solution/program.ts'

import type * as Pipelines from './ci/ci-files.ts'
import type * as Signing from './report/sign.ts'
import type { FindRequest, FoundSubmission } from './batch/find-submissions.ts'
import type { ChangesRequest } from './batch/changed-since.ts'
import type { GradeSubmissionsRequest } from './batch/grade-submissions.ts'
import type { Grades, Submission } from './report/grades.ts'

export { UserError, type UserErrorCode } from './user-error.ts'
export { ownPackage } from './package-root.ts'
export { builtInCourse, type CourseStore } from './exercise/course-store.ts'
export { findExercise, openCourse } from './exercise/open-course.ts'
export { nearest } from './exercise/nearest.ts'
export { describeProblem, describeProblems } from './exercise/describe-problem.ts'
export type { Problem } from './exercise/read-yaml.ts'
export type { Course, Exercise } from './exercise/exercise.ts'
export { gradeSolution, type GradeRequest } from './engine/grade-solution.ts'
export type { TestResult } from './engine/run-tests.ts'
export type { Cause, Report, ReportStep, ReportTest } from './report/schema.ts'
export type { IsolationChoice } from './isolation/choose-isolation.ts'
export { driverIds } from './services/drivers.ts'
export type { DriverId, ServiceSettings }
export { BuildFailure } from './toolchains/toolchain.ts'
export { type LanguageHere, languagesHere, needLanguage } from './toolchains/languages-here.ts'
export { beginExercise } from './workspace/begin-exercise.ts'
export { type CreatedWorkspace, createWorkspace, hasRoomForWorkspace } from './workspace/create-workspace.ts'
export { chooseLanguage, knownLanguage, languageName } from './workspace/choose-language.ts'
export { type ExerciseState, exerciseState, possiblePoints, stepToWorkOn } from './workspace/exercise-state.ts'
export { findWorkspace, folderInWorkspace, solutionFolder, type Workspace } from './workspace/find-workspace.ts'
export type { ExerciseProgress, ExerciseStatus } from './workspace/fold-progress.ts'
export { addEvent } from './workspace/progress-file.ts'
export type { ProgressEvent } from './workspace/progress-event.ts'
export { type CourseProgress, currentExercise, nextExercise, readProgress } from './workspace/read-progress.ts'
export { recordAttempt } from './workspace/record-attempt.ts'
export { referenceFiles } from './workspace/reference-files.ts'
export { rememberLanguage } from './workspace/remember-language.ts'
export { resetExercise } from './workspace/reset-exercise.ts'
export type { HeldService, Pruned, ServiceSurvey, WarmService }
export type { FoundSubmission, Grades, Submission }
export type { CourseCheck, ExerciseCheck, Diagnosis }

/** Reads a course from its files, with everything that is wrong in them; see `exercise/load-course.ts`. */
export async function loadCourse(folder: string): Promise<Course> {
  return (await import('./exercise/load-course.ts')).loadCourse(folder)
}

/** Proves that exercises are good; see `author/check-course.ts`. */
export async function checkCourse(request: CheckCourseRequest): Promise<CourseCheck> {
  return (await import('./author/check-course.ts')).checkCourse(request)
}

/** Writes a new exercise; see `author/new-exercise.ts`. */
export async function createExercise(course: Course, place: string): Promise<NewExercise> {
  return (await import('./author/new-exercise.ts')).createExercise(course, place)
}

/** Prepares the built-in course; see `exercise/build-course.ts`. */
export async function buildCourse(): Promise<BuiltCourse> {
  return (await import('./exercise/build-course.ts')).buildCourse()
}

/** Looks at everything that learn-backend needs; see `doctor/index.ts`. */
export async function examine(surroundings: Surroundings): Promise<Diagnosis[]> {
  return (await import('./doctor/index.ts')).examine(surroundings)
}

/** The services that can be had, and those that are up; see `services/survey.ts`. */
export async function surveyServices(settings: ServiceSettings): Promise<ServiceSurvey> {
  return (await import('./services/survey.ts')).surveyServices(settings)
}

/** Starts services that stay up until they are told to go; see `services/warm/hold-services.ts`. */
export async function holdServices(request: HoldRequest): Promise<HeldService[]> {
  return (await import('./services/warm/hold-services.ts')).holdServices(request)
}

/** Ends services that are kept up; see `services/warm/warm-services.ts`. */
export async function stopServices(ids: string[]): Promise<WarmService[]> {
  const { stopWarmServices } = await import('./services/warm/warm-services.ts')
  return stopWarmServices(({ service }) => ids.length === 0 || ids.includes(service))
}

/** The last lines of log of the services that are kept up. */
export async function serviceLogs(id: string): Promise<{ service: WarmService; lines: string[] }[]> {
  const { warmLog, warmServices } = await import('./services/warm/warm-services.ts')
  const wanted = (await warmServices()).filter(({ service }) => service === id)
  return Promise.all(wanted.map(async (service) => ({ service, lines: await warmLog(service) })))
}

/** Removes what a dead machine or a killed process left of services; see `services/prune.ts`. */
export async function pruneServices(settings: ServiceSettings): Promise<Pruned> {
  return (await import('./services/prune.ts')).pruneServices(settings)
}

/** Builds and starts a solution to be tried by hand; see `workspace/run-solution.ts`. */
export async function runSolution(request: RunRequest): Promise<Exit> {
  return (await import('./workspace/run-solution.ts')).runSolution(request)
}

/** The solutions in a folder, none of which has been looked at; see `batch/find-submissions.ts`. */
export async function findSubmissions(request: FindRequest): Promise<FoundSubmission[]> {
  return (await import('./batch/find-submissions.ts')).findSubmissions(request)
}

/** Those of them that a branch has changed; see `batch/changed-since.ts`. */
export async function changedSubmissions(
  submissions: FoundSubmission[],
  request: ChangesRequest,
): Promise<FoundSubmission[]> {
  const { changedFolders, touches } = await import('./batch/changed-since.ts')
  const changed = await changedFolders(request)
  return submissions.filter(({ relative }) => touches(changed, relative))
}

/** Grades solutions that may be hostile; see `batch/grade-submissions.ts`. */
export async function gradeSubmissions(request: GradeSubmissionsRequest): Promise<Grades> {
  return (await import('./batch/grade-submissions.ts')).gradeSubmissions(request)
}

/** Signing and reading of stored grades; see `report/sign.ts`. */
export function reportSigning(): Promise<typeof Signing> {
  return import('./report/sign.ts')
}

/** Files that make a CI grade forks; see `ci/ci-files.ts`. */
export function ciPipelines(): Promise<typeof Pipelines> {
  return import('./ci/ci-files.ts')
}
