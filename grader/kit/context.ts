import type { RunScope } from '../solution/run-scope.ts'
import type { Launch } from '../toolchains/toolchain.ts'
import type { Program } from '../solution/program.ts'
import type { RunServices } from '../services/run-services.ts'
import type { UserError } from '../user-error.ts'
import type { Evidence, SolutionFailure } from './evidence.ts'
import { Recorder } from './recorder.ts'

/** The bounds within which a solution is judged. Times in milliseconds. */
interface Limits {
  start_ms: number
  test_ms: number
  request_ms: number
  output_kb: number
  answer_kb: number
}

/** What the kit must know of the run that it is part of. Plain data, so that it can be handed to another process. */
export interface RunSettings {
  exercise: {
    id: string
    interface: 'http' | 'tcp' | 'cli' | 'suite' | 'files'
    /** Of the services that it needs, by id. */
    services: string[]
    limits: Limits
    steps: { id: string; needs: string[] }[]
    /** The folder of the hidden tests. */
    hidden: string
  }
  solution: {
    folder: string
    /** Its language, and how many times as long as Node's its programs may take to start. */
    toolchain: { id: string; pace: number }
    /** Absent for a test suite and for configuration files, which are no program. */
    launch?: Launch
  }
  seed: string
  /** Run a step although one that it needs has failed. */
  keepGoing: boolean
  /** Only these steps; all when absent. */
  only?: string[]
  /** The variables from which a solution's environment is picked. */
  hostEnvironment: Record<string, string | undefined>
}

export interface KitContext extends RunSettings {
  /** What the exercise needs beside the solution. */
  services: RunServices | undefined
  /** Aborted when the run is given up. */
  signal: AbortSignal
  /** What the current test opened of services. */
  closers: (() => PromiseLike<unknown>)[]
  /** Asked when a test has failed: what else explains it. */
  evidence: Set<() => Promise<Partial<Evidence>>>
  /** Why no further verdict would mean anything. */
  broken?: UserError | undefined
  scope: RunScope
  failedSteps: Set<string>
  recorder: Recorder
  /** Steps in which a test ran out of time: their other tests would most likely only wait, too. */
  stalledSteps: Set<string>
  /** The program has been up at least once. */
  hasStarted: boolean
  /** It never started: waiting for the deadline again would teach nothing. */
  startFailure?: SolutionFailure | undefined
  /** A program that was started ahead of the tests, for the first `app` with default settings. */
  headStart?: { program: Promise<Program>; port: number; dataDir: string } | undefined
}

// On the global object, because stock Vitest may load this module anew for each test file of a run.
const slot = Symbol.for('learn-backend.context')
const holder = globalThis as { [slot]?: KitContext | undefined }

/** Opens the kit for one run. Test files may be imported after it. */
export function enterContext(
  settings: RunSettings,
  scope: RunScope,
  around: { services?: RunServices | undefined; signal?: AbortSignal | undefined } = {},
): KitContext {
  const opened: KitContext = {
    ...settings,
    scope,
    services: around.services,
    signal: around.signal ?? new AbortController().signal,
    evidence: new Set(),
    closers: [],
    failedSteps: new Set(),
    stalledSteps: new Set(),
    hasStarted: false,
    recorder: new Recorder(),
  }
  holder[slot] = opened
  return opened
}

export function leaveContext(): void {
  holder[slot] = undefined
}

/** Whether a run is open. */
export function inContext(): boolean {
  return holder[slot] !== undefined
}

/** @throws when a test file is run without learn-backend */
export function context(): KitContext {
  const current = holder[slot]
  if (!current) {
    throw new Error(
      'learn-backend/kit is used outside a run: start hidden tests with "learn-backend verify" or "author check".',
    )
  }
  return current
}
