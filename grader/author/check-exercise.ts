import { existsSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { JobResult, WorkerPool } from '../batch/worker-pool.ts'
import type { CourseStore } from '../exercise/course-store.ts'
import { type Course, type Exercise, referenceLanguage, sharedFiles } from '../exercise/exercise.ts'
import type { Problem } from '../exercise/read-yaml.ts'
import type { Report } from '../report/schema.ts'
import type { ServiceSettings } from '../services/server.ts'
import type { RunScope } from '../solution/run-scope.ts'
import { UserError } from '../user-error.ts'
import { copyPatched } from './apply-patch.ts'
import { checkFiles } from './check-files.ts'
import { checkReference, checkStarter, checkStock, checkWrong } from './verdicts.ts'
import { runStockVitest } from './stock-vitest.ts'

export interface CheckRequest {
  exercise: Exercise
  course: Course
  pool: WorkerPool
  scope: RunScope
  /** How often the reference is graded, each time with another seed. */
  repeat: number
  /** Only starters and references in these languages, and the reference that wrong solutions are made of; default: all. */
  languages?: string[]
  hostEnvironment: Record<string, string | undefined>
  cache?: CourseStore
  services: ServiceSettings
  /** A text for each finished grading. */
  onProgress?: (text: string) => void
}

/** What `author check` found out about one exercise. */
export interface ExerciseCheck {
  exercise: string
  problems: Problem[]
  /** Wrong solutions caught on the right step for the right reason: the kill score. */
  caught: number
  wrong: number
  /** How often the reference was graded. */
  repeats: number
  /** The reference's longest grading, in milliseconds. */
  slowestMs: number
  tests: number
}

/** Proves that an exercise's hidden tests are good, as far as running them can. */
export async function checkExercise(request: CheckRequest): Promise<ExerciseCheck> {
  const { exercise, course, scope, repeat } = request
  const problems = await checkFiles(exercise, course)
  const result: ExerciseCheck = {
    exercise: exercise.id,
    problems,
    caught: 0,
    wrong: exercise.wrong.length,
    repeats: repeat,
    slowestMs: 0,
    tests: 0,
  }
  // Without its files there is nothing to run.
  if (problems.length > 0) return result

  const copies = await scope.folder(exercise.id)
  const reference = join(copies, 'reference')
  linkPackages(exercise.folder, copies)
  await cp(referenceFolder(exercise), reference, { recursive: true })
  const before = listing(reference)

  const seeds = Array.from({ length: repeat }, (_, index) => (index + 1).toString(16).padStart(4, '0'))
  const references = Promise.all(
    seeds.map(async (seed) => [seed, await grade(request, { solution: reference, seed, name: 'reference' })] as const),
  )
  const isWanted = (language: string) => request.languages?.includes(language) ?? true
  const others = Promise.all(
    otherReferences(exercise)
      .filter(isWanted)
      .flatMap((language) => seeds.map((seed) => gradeOther(request, language, seed))),
  )
  const starters = Promise.all(
    exercise.languages.filter(isWanted).map((language) => gradeStarter(request, language, copies)),
  )
  const wrong = Promise.all(exercise.wrong.map((entry) => gradeWrong(request, entry, copies)))
  // Each is awaited in its turn; until then its failure is nobody's surprise.
  for (const work of [references, others, starters, wrong]) work.catch(() => {})

  for (const [seed, outcome] of await references) {
    problems.push(...checkReference(exercise, { language: referenceLanguage(exercise), seed, outcome }))
    result.slowestMs = Math.max(result.slowestMs, outcome.report?.ms ?? 0)
    result.tests = outcome.report?.steps.reduce((sum, step) => sum + step.tests.length, 0) ?? result.tests
  }
  if (listing(reference) !== before) {
    problems.push({
      file: referenceFolder(exercise),
      message: "The grading left files in the solution's folder, or changed some.",
    })
  }
  problems.push(...(await others).flatMap((graded) => checkReference(exercise, graded)))
  problems.push(...(await starters).flatMap(({ language, outcome }) => checkStarter(exercise, language, outcome)))
  for (const found of await wrong) {
    problems.push(...found)
    if (found.length === 0) result.caught++
  }
  problems.push(...(await checkAgainstStock(request, reference, (await references)[0]?.[1].report)))
  return result
}

interface Attempt {
  solution: string
  seed: string
  name: string
  only?: string[]
  keepGoing?: boolean
}

async function grade(
  { exercise, pool, hostEnvironment, cache, services, onProgress }: CheckRequest,
  attempt: Attempt,
): Promise<JobResult> {
  const { solution, seed, only, keepGoing = false, name } = attempt
  const outcome = await pool.grade({
    exercise,
    solution,
    seed,
    keepGoing,
    ...(only ? { only } : {}),
    ...(cache ? { cache } : {}),
    services,
    hostEnvironment,
  })
  onProgress?.(`${exercise.id}: ${name}`)
  // What this machine lacks says nothing about the exercise.
  if (outcome.error !== undefined && outcome.user?.code === 'environment') {
    const { message, remedy } = outcome.user
    throw new UserError('environment', message, remedy === undefined ? {} : { remedy })
  }
  return outcome
}

/** A reference in another language: the hidden tests are fair to it as well. */
async function gradeOther(
  request: CheckRequest,
  language: string,
  seed: string,
): Promise<{ language: string; seed: string; outcome: JobResult }> {
  const solution = join(request.exercise.folder, 'reference', language)
  return { language, seed, outcome: await grade(request, { solution, seed, name: `reference ${language}` }) }
}

/** The languages in which there are further references. */
function otherReferences(exercise: Exercise): string[] {
  return readdirSync(join(exercise.folder, 'reference')).filter((name) => name !== referenceLanguage(exercise))
}

async function gradeStarter(
  request: CheckRequest,
  language: string,
  copies: string,
): Promise<{ language: string; outcome: JobResult }> {
  const solution = join(copies, `starter-${language}`)
  await cp(join(request.exercise.folder, 'starter', language), solution, { recursive: true })
  for (const file of sharedFiles(request.exercise, language)) await cp(file, join(solution, basename(file)))
  return { language, outcome: await grade(request, { solution, seed: '0001', name: `starter ${language}` }) }
}

async function gradeWrong(request: CheckRequest, entry: Exercise['wrong'][number], copies: string): Promise<Problem[]> {
  const { exercise } = request
  const file = join(exercise.folder, 'wrong', `${entry.patch}.patch`)
  const solution = join(copies, `wrong-${entry.patch}`)
  const mistakes = await copyPatched(referenceFolder(exercise), file, solution)
  if (mistakes.length > 0) return mistakes.map((message) => ({ file, message }))
  const upTo = exercise.steps.findIndex((step) => step.id === entry.step)
  const only = exercise.steps.slice(0, upTo + 1).map((step) => step.id)
  return checkWrong(
    exercise,
    entry,
    await grade(request, { solution, seed: '0001', name: `wrong/${entry.patch}`, only, keepGoing: true }),
  )
}

/** The same tests under stock Vitest: against the reference, and against a starter, which fails. */
async function checkAgainstStock(
  request: CheckRequest,
  reference: string,
  report: Report | undefined,
): Promise<Problem[]> {
  const { exercise, hostEnvironment, services } = request
  const problems: Problem[] = []
  const usual = referenceLanguage(exercise)
  const starter = exercise.languages.includes(usual) ? usual : exercise.languages[0]
  const subjects = [{ name: 'the reference', solution: reference, report }]
  if (starter) {
    const solution = join(exercise.folder, 'starter', starter)
    const outcome = await grade(request, { solution, seed: '0001', name: 'starter, again' })
    subjects.push({ name: `the ${starter} starter`, solution, report: outcome.report })
  }
  for (const subject of subjects) {
    if (!subject.report) continue
    const stock = await runStockVitest({
      exercise,
      solution: subject.solution,
      seed: '0001',
      hostEnvironment,
      services,
    })
    problems.push(...checkStock(exercise, subject.name, subject.report, stock))
  }
  return problems
}

function referenceFolder(exercise: Exercise): string {
  return join(exercise.folder, 'reference', referenceLanguage(exercise))
}

/** Copies find the packages that the exercise finds. */
function linkPackages(folder: string, copies: string): void {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    const packages = join(at, 'node_modules')
    if (existsSync(packages)) return symlinkSync(packages, join(copies, 'node_modules'))
  }
}

/** A folder's files with their sizes and times: equal texts mean that nothing was touched. */
function listing(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((file) => {
      const { size, mtimeMs, isDirectory } = describe(join(folder, file))
      return isDirectory ? file : `${file} ${size} ${mtimeMs}`
    })
    .join('\n')
}

function describe(file: string): { size: number; mtimeMs: number; isDirectory: boolean } {
  const stats = statSync(file)
  return { size: stats.size, mtimeMs: stats.mtimeMs, isDirectory: stats.isDirectory() }
}
