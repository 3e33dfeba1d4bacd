import { join } from 'node:path'
import type { CourseStore } from '../exercise/course-store.ts'
import type { Exercise } from '../exercise/exercise.ts'
import type { PodSettings } from '../isolation/pod-settings.ts'
import { confinement } from '../isolation/index.ts'
import { enterContext, leaveContext, type RunSettings } from '../kit/context.ts'
import { recogniseSuite } from '../kit/suites/recognise.ts'
import { startAhead } from '../kit/start-ahead.ts'
import { ownPackage } from '../package-root.ts'
import { makeEarlyReport, makeReport, type ReportHead } from '../report/make-report.ts'
import type { Report } from '../report/schema.ts'
import { defaultServiceSettings } from '../services/default-settings.ts'
import type { RunServices } from '../services/run-services.ts'
import type { ServiceSettings } from '../services/server.ts'
import { openRunScope, type RunScope } from '../solution/run-scope.ts'
import { configuration } from '../toolchains/configuration.ts'
import { within } from '../solution/within.ts'
import { detectSolution, toolchains } from '../toolchains/index.ts'
import { BuildFailure, type Launch, type Toolchain } from '../toolchains/toolchain.ts'
import { compiledTests } from './compiled-tests.ts'
import type { TestResult } from './run-tests.ts'

export interface GradeRequest {
  exercise: Exercise
  /** The solution's folder, absolute. */
  solution: string
  seed: string
  /** Also run steps of which a needed one failed. */
  keepGoing?: boolean
  /** Only these steps. */
  only?: string[]
  /** The pod in which this process is; the solution is confined in it. Default: it is not confined. */
  pod?: PodSettings
  /** How services are started; default: whatever driver works, with nothing kept. */
  services?: ServiceSettings
  /** The variables from which the solution's environment is picked; usually `process.env`. */
  hostEnvironment: Record<string, string | undefined>
  /** The hidden tests, if they are compiled already. */
  tests?: string[]
  /** Where compiled hidden tests are kept; without it they are compiled each time. */
  cache?: CourseStore
  onTest?: (result: TestResult) => void
  /** What takes long before the first test: a pull, an installation, a service's start. */
  onProgress?: (text: string) => void
  /** Aborting it stops everything that was started and rejects with its reason. */
  signal?: AbortSignal
}

/**
 * Builds and starts a solution, runs the hidden tests against it and stops it again.
 * A wrong solution is a report, not an exception.
 * @throws UserError when there is no solution, or the machine lacks something
 */
export async function gradeSolution(request: GradeRequest): Promise<Report> {
  const { exercise, signal } = request
  const startedAt = new Date()
  const start = performance.now()
  const { toolchain, main } = findProgram(request)
  const isolation = await confinement(request.pod)
  let services: RunServices | undefined
  let starting: Promise<RunServices> | undefined
  let version = 'unknown'
  const head = (): ReportHead => ({
    exercise,
    seed: request.seed,
    toolchain: { id: toolchain.id, name: toolchain.name, version },
    services: services?.versions ?? [],
    isolation: isolation.description,
    only: request.only,
    startedAt,
    ms: Math.round(performance.now() - start),
    grader: ownPackage().version,
  })
  signal?.throwIfAborted()
  await using scope = openRunScope({ isolation })
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  aborted.catch(() => {})

  const grade = async (): Promise<Report> => {
    const prepare = async () => {
      const output = await scope.solutionFolder('build')
      starting = startNeeded(request, scope)
      // A build that fails is told before a service that is still starting.
      starting?.catch(() => {})
      const { solution: folder, hostEnvironment, onProgress } = request
      // What is made of a stranger's code is not kept for the next one.
      const cache = isolation.inPod ? undefined : request.cache?.folder
      const machine = { folder, hostEnvironment, cache, signal, onProgress }
      const told = toolchain.version(machine)
      version = typeof told === 'string' ? told : await told
      // What strangers ask for is not installed: the course provides packages.
      if (!isolation.inPod) await toolchain.prepare?.({ ...machine, withTests: exercise.interface === 'suite' })
      const launch = main && (await toolchain.build({ ...machine, main, output, scope }))
      services = await starting
      const context = enterContext(settingsOf(request, launch || undefined, toolchain), scope, {
        services,
        signal,
      })
      if (exercise.interface === 'http') await startAhead(context)
      return context
    }
    try {
      const prepared = prepare()
      // Loading the engine keeps this process busy for 30 ms. The solution's process goes first, if it can at once; a
      // build takes longer, and is waited for meanwhile.
      await within(Promise.allSettled([prepared]), 8)
      const engine = import('./run-tests.ts')
      const context = await prepared
      const { runTests } = await engine
      const files = request.tests ?? (await compiledTests(exercise, scope, request.cache))
      const timeout = testTimeout(exercise, toolchain)
      const run = await runTests({ files, timeout, onTest: request.onTest, signal })
      if (context.broken) throw context.broken
      const hit = isolation.limitHit?.() ?? scope.limitSeen
      // Without a process to spare not even a sandbox can be made: that is the solution's doing.
      if (scope.sandboxFailure !== undefined && !hit)
        throw new Error(`a sandbox could not be made: ${scope.sandboxFailure}`)
      return makeReport(head(), run, hit)
    } catch (error) {
      if (!(error instanceof BuildFailure)) throw error
      return makeEarlyReport(head(), describeBuildFailure(error))
    } finally {
      leaveContext()
    }
  }
  try {
    return await Promise.race([grade(), aborted])
  } finally {
    // Also those that were still being started when the grading was given up: an engine makes a container even when
    // nobody waits for it any more.
    await starting?.then(
      (started) => started[Symbol.asyncDispose](),
      () => {},
    )
  }
}

/** Begins to start the services that an exercise needs; undefined when it needs none. */
function startNeeded(request: GradeRequest, scope: RunScope): Promise<RunServices> | undefined {
  const { exercise, hostEnvironment, cache, onProgress, signal = new AbortController().signal } = request
  if (exercise.services.length === 0) return undefined
  const settings = request.services ?? defaultServiceSettings(hostEnvironment, cache?.folder)
  return import('../services/run-services.ts').then(({ startServices }) =>
    startServices({ ids: exercise.services, settings, scope, signal, onProgress }),
  )
}

/** A solution's language, and its main file where it is a program. @throws UserError */
export function findProgram({ exercise, solution }: Pick<GradeRequest, 'exercise' | 'solution'>): {
  toolchain: Toolchain
  main?: string
} {
  if (exercise.interface === 'files') return { toolchain: configuration }
  if (exercise.interface !== 'suite') return detectSolution(solution)
  return { toolchain: toolchains[recogniseSuite(solution).language] }
}

/** Milliseconds for one test: a slow start of the program is not the fault of the test that waits for it. */
export function testTimeout({ interface: kind, limits }: Exercise, toolchain: Toolchain): number {
  const { start_ms, test_ms } = stretched(limits, toolchain)
  return kind === 'http' || kind === 'tcp' ? test_ms + start_ms : test_ms
}

/** Deadlines follow the language's pace: a virtual machine is slow until it is warm, and the first requests come early. */
function stretched(limits: Exercise['limits'], { pace = 1 }: Toolchain): Exercise['limits'] {
  const { start_ms, test_ms, request_ms } = limits
  return { ...limits, start_ms: start_ms * pace, test_ms: test_ms * pace, request_ms: request_ms * pace }
}

/** What the kit must know of a grading. */
export function settingsOf(
  request: Omit<GradeRequest, 'onTest' | 'signal'>,
  launch: Launch | undefined,
  toolchain: Toolchain,
): RunSettings {
  const { exercise } = request
  return {
    exercise: {
      id: exercise.id,
      interface: exercise.interface,
      services: exercise.services,
      limits: stretched(exercise.limits, toolchain),
      steps: exercise.steps.map(({ id, needs }) => ({ id, needs })),
      hidden: join(exercise.folder, 'hidden'),
    },
    solution: {
      folder: request.solution,
      toolchain: { id: toolchain.id, pace: toolchain.pace ?? 1 },
      ...(launch ? { launch } : {}),
    },
    seed: request.seed,
    keepGoing: request.keepGoing ?? false,
    ...(request.only ? { only: request.only } : {}),
    hostEnvironment: request.hostEnvironment,
  }
}

function describeBuildFailure(failure: BuildFailure): Parameters<typeof makeEarlyReport>[1] {
  const lines = failure.problems.flatMap(({ file, line, column = 1, message, source }) => [
    file === undefined ? message : `${[file, ...(line === undefined ? [] : [line, column])].join(':')} ${message}`,
    ...(source === undefined ? [] : pointAt(source, column)),
  ])
  return {
    cause: 'build_failed',
    message: 'The solution does not build.',
    evidence: { log: lines },
  }
}

/** Columns of a line of code that is shown: a caret below a line that is wrapped would point at nothing. */
const shownColumns = 52

function pointAt(source: string, column: number): string[] {
  const start = Math.max(0, Math.min(column - 1 - shownColumns / 2, source.length - shownColumns))
  const shown = `${start > 0 ? '…' : ''}${source.slice(start, start + shownColumns)}`
  return [`    ${shown}`, `    ${' '.repeat(Math.max(0, column - 1 - start + (start > 0 ? 1 : 0)))}^`]
}
