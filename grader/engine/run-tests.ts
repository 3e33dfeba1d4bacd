import { pathToFileURL } from 'node:url'
import { startTests, type CancelReason, type File, type Suite, type Test, type VitestRunner } from '@vitest/runner'
import type { Evidence, FailureCode } from '../kit/evidence.ts'

/** One hidden test's verdict. */
export interface TestResult {
  step: string
  title: string
  status: 'passed' | 'failed' | 'skipped'
  ms: number
  /** Why it was skipped. */
  note?: string
  message?: string
  code?: FailureCode
  evidence?: Evidence
}

/** The verdicts, and what is wrong with the test files themselves. */
export interface TestRun {
  tests: TestResult[]
  /** Mistakes of the exercise, not of the solution: a file that can't be imported, an error outside a test. */
  problems: string[]
}

interface RunTestsRequest {
  /** Compiled test files, absolute. */
  files: string[]
  /** Milliseconds that one test may take. */
  timeout: number
  onTest?: ((result: TestResult) => void) | undefined
  /** Aborting it skips what has not run yet. */
  signal?: AbortSignal | undefined
}

let imports = 0

/** Runs test files one after the other in this process, on Vitest's runner. */
export async function runTests({ files, timeout, onTest, signal }: RunTestsRequest): Promise<TestRun> {
  const tests: TestResult[] = []
  const problems: string[] = []
  const runner: VitestRunner = {
    config: {
      root: '/',
      setupFiles: [],
      name: undefined,
      passWithNoTests: true,
      testNamePattern: undefined,
      allowOnly: false,
      sequence: { seed: 0, hooks: 'stack', setupFiles: 'list' },
      chaiConfig: undefined,
      maxConcurrency: 1,
      testTimeout: timeout,
      hookTimeout: timeout,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    // Each run needs tests that nobody has collected yet; a module is evaluated once per address.
    importFile: (path) => import(`${pathToFileURL(path).href}?run=${++imports}`),
    onAfterRunTask(test) {
      const result = describeTest(test)
      tests.push(result)
      onTest?.(result)
    },
  }
  const stray = (error: unknown) => problems.push(`error outside a test: ${describeError(error)}`)
  const cancel = () => void runner.cancel?.('keyboard-interrupt' as CancelReason)
  signal?.addEventListener('abort', cancel, { once: true })
  process.on('unhandledRejection', stray)
  try {
    for (const file of await startTests(files, runner)) {
      problems.push(...problemsOf(file))
      for (const test of testsOf(file)) {
        // A test that was skipped by its mode never reaches the hook above.
        if (!tests.some((seen) => seen.step === test.suite?.name && seen.title === test.name))
          tests.push(describeTest(test))
      }
    }
  } finally {
    signal?.removeEventListener('abort', cancel)
    process.off('unhandledRejection', stray)
  }
  return { tests, problems }
}

function describeTest(test: Test): TestResult {
  const { result } = test
  const base = { step: stepOf(test), title: test.name, ms: result?.duration ?? 0 }
  if (result?.state === 'pass') return { ...base, status: 'passed' }
  if (result?.state !== 'fail') {
    // Given to skip(); the types leave it out where a suite's and a test's result are one.
    const { note } = (result ?? {}) as { note?: string }
    return { ...base, status: 'skipped', ...(note ? { note, message: note } : {}) }
  }
  const errors = (result.errors ?? []) as (Error & FailureProperties)[]
  // The end of the program explains more than the answer that was missing or wrong because of it.
  const error = errors.find(({ code }) => code === 'crashed' || code === 'flooded') ?? errors[0]
  const timedOut = test.context.signal.aborted
  const code = error?.code ?? (timedOut ? 'timeout' : 'wrong_answer')
  return {
    ...base,
    status: 'failed',
    message: timedOut ? `The test was stopped after ${test.timeout} ms.` : readableMessage(error),
    code,
    evidence: evidenceOf(test, error),
  }
}

/** What the kit's errors carry through Vitest's serialisation. */
interface FailureProperties {
  code?: FailureCode
  evidence?: Evidence
  expected?: unknown
  actual?: unknown
  __vitest_error_context__?: { meta?: { evidence?: Evidence; claim?: string } }
}

/** The failed assertion's own evidence, on top of what the test last did. */
function evidenceOf(test: Test, error: FailureProperties | undefined): Evidence {
  const background = (test.meta as { evidence?: Evidence }).evidence ?? {}
  const own = error?.evidence ?? error?.__vitest_error_context__?.meta?.evidence
  if (own) {
    return { ...background, ...own, notes: [...new Set([...(own.notes ?? []), ...(background.notes ?? [])])] }
  }
  const { expected, actual } = error ?? {}
  if (typeof expected !== 'string' || typeof actual !== 'string') return background
  const notes = background.got
    ? [`last answer: ${background.got}`, ...(background.notes ?? [])]
    : (background.notes ?? [])
  return { ...background, expected, got: actual, notes }
}

function readableMessage(error: (Error & FailureProperties) | undefined): string {
  const claim = error?.__vitest_error_context__?.meta?.claim
  // The author's words alone: the rows of the evidence say the rest.
  if (error && claim && error.message.endsWith(`: ${claim}`)) return error.message.slice(0, -claim.length - 2)
  // The part that vitest adds for its own users helps nobody who can't see the test.
  return (error?.message ?? 'failed').replace(/ \/\/ Object\.is equality$/, '')
}

function stepOf(test: Test): string {
  let suite: Suite | undefined = test.suite
  while (suite?.suite && suite.suite !== test.file) suite = suite.suite
  return suite?.name ?? ''
}

function* testsOf(suite: Suite): Generator<Test> {
  for (const task of suite.tasks) {
    if (task.type === 'test') yield task
    else yield* testsOf(task)
  }
}

function problemsOf(file: File): string[] {
  const own = (file.result?.errors ?? []).map((error) => `${error.name}: ${error.message}`)
  return own.map((message) => `${file.filepath}: ${message}`)
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
