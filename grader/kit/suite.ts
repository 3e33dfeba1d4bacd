import { constants } from 'node:fs'
import { cp, mkdir, open, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { solutionEnvironment } from '../solution/environment.ts'
import { startProgram } from '../solution/program.ts'
import type { RunScope } from '../solution/run-scope.ts'
import { within } from '../solution/within.ts'
import { isSource, sourceFiles } from '../toolchains/source-files.ts'
import { BuildFailure } from '../toolchains/toolchain.ts'
import { context } from './context.ts'
import { readableLog } from './readable-log.ts'
import { suiteRunners } from './suites/index.ts'
import { recogniseSuite, type SuiteLanguage } from './suites/recognise.ts'
import type { PreparedSuite, SuiteRunner, SuiteTest } from './suites/runner.ts'

export type { SuiteTest }

/** How one run of the learner's suite went. */
export interface SuiteRun {
  tests: SuiteTest[]
  passed: number
  failed: number
  skipped: number
  outcome: 'passed' | 'failed' | 'timeout' | 'crashed' | 'no-tests' | 'build-failed'
  /** What it printed, or the build's messages. */
  output: string
  ms: number
}

export interface SuiteOptions {
  /** Files to put in place of, or beside, the learner's: path relative to the solution, and text. */
  replace?: Record<string, string>
  /** Variables of the suite's environment. Compiled suites are not compiled again when only these differ. */
  env?: Record<string, string>
  /** Milliseconds under node:test, other runners get more; default 4,000. */
  deadline?: number
}

/** The solution as a test suite. */
export interface Suite {
  /** What it is written in. @throws UserError `invalid_workspace` when it is several languages */
  readonly language: SuiteLanguage
  /** Runs all tests of a copy of the solution under the runner that they are written for. */
  run(options?: SuiteOptions): Promise<SuiteRun>
}

/** A suite that is ready in a folder. */
interface ReadySuite {
  /** A copy of the solution with the replaced files. */
  folder: string
  prepared: PreparedSuite
}

/** What serves several runs of a grading, by what it was prepared from. */
const ready = new WeakMap<RunScope, Map<string, Promise<ReadySuite | undefined>>>()

const nothing = { tests: [], passed: 0, failed: 0, skipped: 0, ms: 0 }

/** @param newFolder gives a new empty folder in which the solution may write */
export function createSuite(newFolder: (name: string) => Promise<string>): Suite {
  const recognise = () => recogniseSuite(context().solution.folder)
  return {
    get language() {
      return recognise().language
    },
    async run({ replace = {}, env = {}, deadline = 4000 } = {}) {
      const { runner: id } = recognise()
      const runner = await suiteRunners[id]()
      const make = () => prepare(runner, replace, newFolder)
      try {
        const key = JSON.stringify([id, Object.entries(replace).sort()])
        const suite = await (runner.preparesOnce ? once(context().scope, key, make) : make())
        if (!suite) return { ...nothing, outcome: 'no-tests', output: `There is no ${runner.testFiles} file.` }
        return await runSuite({ runner, suite, env, deadline: deadline * runner.pace, newFolder })
      } catch (error) {
        if (!(error instanceof BuildFailure)) throw error
        const problems = error.problems.map(({ file, line, message }) =>
          file ? `${file}:${line} ${message}` : message,
        )
        return { ...nothing, outcome: 'build-failed', output: problems.join('\n') }
      }
    },
  }
}

/** Does something once for a run and a key, also when several ask for it at the same time. */
function once(
  scope: RunScope,
  key: string,
  make: () => Promise<ReadySuite | undefined>,
): Promise<ReadySuite | undefined> {
  const known = ready.get(scope) ?? new Map<string, Promise<ReadySuite | undefined>>()
  ready.set(scope, known)
  const found = known.get(key) ?? make()
  known.set(key, found)
  return found
}

/** @returns undefined when there is no test file */
async function prepare(
  runner: SuiteRunner,
  replace: Record<string, string>,
  newFolder: (name: string) => Promise<string>,
): Promise<ReadySuite | undefined> {
  const run = context()
  const folder = await newFolder('suite')
  const { folder: original } = run.solution
  await cp(original, folder, {
    recursive: true,
    filter: (source) => source === original || isSource(source),
  })
  for (const [file, text] of Object.entries(replace)) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), text)
  }
  const tests = sourceFiles(folder).filter((file) => runner.isTest(file))
  if (tests.length === 0) return undefined
  const prepared = await runner.prepare({ folder, tests, output: await newFolder('suite-build'), run })
  return { folder, prepared }
}

interface RunRequest {
  runner: SuiteRunner
  suite: ReadySuite
  env: Record<string, string>
  deadline: number
  newFolder: (name: string) => Promise<string>
}

/** @throws BuildFailure when the files could not be read */
async function runSuite({ runner, suite, env, deadline, newFolder }: RunRequest): Promise<SuiteRun> {
  const { folder, prepared } = suite
  const run = context()
  // What a run leaves behind is not for the next one.
  const cwd = runner.preparesOnce ? await newFolder('suite-run') : folder
  if (cwd !== folder) {
    const filter = (source: string) => !source.endsWith('.jar')
    await cp(folder, cwd, { recursive: true, preserveTimestamps: true, filter })
  }
  const execute = async (commandFor: PreparedSuite['command']) => {
    const report = join(await newFolder('suite-report'), 'report')
    const { file, args, env: own = {} } = commandFor({ cwd, report })
    const program = await startProgram({
      command: { file, args, cwd, env: solutionEnvironment(run.hostEnvironment, { ...own, ...env }) },
      scope: run.scope,
      outputLimit: run.exercise.limits.output_kb * 1024,
    })
    const exit = await within(program.exited, deadline)
    const end = await program.kill()
    return {
      exit: exit ?? end,
      late: exit === undefined,
      lines: program.output.lastLines(20),
      ...prepared.read(await readBounded(report)),
    }
  }
  let result = await execute(prepared.command)
  const broken = ({ late, exit, tests }: typeof result) =>
    !late && exit.code !== 0 && tests.every((test) => test.passed || test.skipped)
  if (prepared.tellingCommand && broken(result)) result = await execute(prepared.tellingCommand)
  const { exit, late, lines, tests, diagnostics, complete } = result
  const failed = tests.filter((test) => !test.passed && !test.skipped).length
  const passed = tests.filter((test) => test.passed).length
  const sound = complete && (exit.code === 0 || prepared.sound?.includes(exit.code ?? -1) === true)
  const outcome = outcomeOf({ late, failed, passed, sound })
  if (outcome === 'crashed') await prepared.explainCrash?.()
  return {
    tests,
    passed,
    failed,
    skipped: tests.length - passed - failed,
    outcome,
    output: readableLog(readableLog([...lines, ...diagnostics], cwd), folder).join('\n'),
    ms: exit.ms,
  }
}

function outcomeOf({
  late,
  failed,
  passed,
  sound,
}: {
  late: boolean
  failed: number
  passed: number
  sound: boolean
}): SuiteRun['outcome'] {
  if (late) return 'timeout'
  if (failed > 0) return 'failed'
  if (!sound) return 'crashed'
  return passed === 0 ? 'no-tests' : 'passed'
}

/** Of a report that a suite could have written itself. */
const mostBytes = 8 * 2 ** 20

/** The beginning of a regular file; empty when there is none, or something else in its place. */
async function readBounded(file: string): Promise<string> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = await handle.stat()
    if (!stat.isFile()) return ''
    const length = Math.min(stat.size, mostBytes)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    // The suite crashed before its first result.
    return ''
  }
}
