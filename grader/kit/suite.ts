import { constants } from 'node:fs'
import { cp, open, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import { solutionEnvironment } from '../solution/environment.ts'
import { startProgram } from '../solution/program.ts'
import { within } from '../solution/within.ts'
import { bundle as bundleSuite } from '../toolchains/bundle.ts'
import { BuildFailure } from '../toolchains/toolchain.ts'
import { context } from './context.ts'
import { readableLog } from './readable-log.ts'

/** One test of the learner's suite. */
export interface SuiteTest {
  /** With the names of its enclosing suites, separated by ` > `. */
  name: string
  passed: boolean
  skipped: boolean
  message?: string
}

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
  /** Milliseconds; default 4,000. */
  deadline?: number
}

/** The solution as a test suite. */
export interface Suite {
  /** Runs all `*.test.*` files of a copy of the solution under `node:test`. */
  run(options?: SuiteOptions): Promise<SuiteRun>
}

// Reports what node:test knows as JSON lines, into a file of its own: whatever the tests print stays out of it.
const reporter = `
export default async function* (source) {
  const parents = []
  for await (const { type, data } of source) {
    if (type === 'test:start') { parents.length = data.nesting; parents.push(data.name) }
    // What happens outside of a test, such as a rejection that nobody awaits.
    if (type === 'test:diagnostic' && /error/i.test(data.message)) yield JSON.stringify({ diagnostic: data.message }) + '\\n'
    if (type !== 'test:pass' && type !== 'test:fail') continue
    parents.length = data.nesting
    const suite = data.details?.type === 'suite'
    const error = data.details?.error
    const name = [...parents, data.name].join(' > ')
    parents.push(data.name)
    if (suite && (type === 'test:pass' || error?.failureType === 'subtestsFailed')) continue
    if (error?.failureType === 'subtestsFailed') continue
    const message = error ? String(error.cause?.message ?? error.message ?? error) : undefined
    yield JSON.stringify({ name, passed: type === 'test:pass' && !data.skip && !data.todo, skipped: Boolean(data.skip || data.todo), message }) + '\\n'
  }
}
`

/** @param folder gives a new empty folder */
export function createSuite(folder: (name: string) => Promise<string>): Suite {
  return {
    async run({ replace = {}, deadline = 4000 } = {}) {
      const run = context()
      const work = await folder('suite')
      await cp(run.solution.folder, work, {
        recursive: true,
        filter: (source) => !source.includes('/node_modules') && !source.includes('/.git/'),
      })
      for (const [file, text] of Object.entries(replace)) {
        await mkdir(dirname(join(work, file)), { recursive: true })
        await writeFile(join(work, file), text)
      }
      const files = (await readdir(work, { recursive: true })).filter((file) => /\.test\.[cm]?[jt]s$/.test(file)).sort()
      const nothing = { tests: [], passed: 0, failed: 0, skipped: 0, ms: 0 }
      if (files.length === 0)
        return { ...nothing, outcome: 'no-tests', output: 'There is no *.test.ts or *.test.js file.' }

      const output = await folder('suite-build')
      const bundle = join(output, 'suite.mjs')
      const imports = files.map((file) => `import ${JSON.stringify(`./${file}`)}`).join('\n')
      try {
        await bundleSuite({ entry: { text: imports }, folder: work, outfile: bundle }, run.scope)
      } catch (error) {
        if (!(error instanceof BuildFailure)) throw error
        const problems = error.problems.map(({ file, line, message }) =>
          file ? `${file}:${line} ${message}` : message,
        )
        return { ...nothing, outcome: 'build-failed', output: problems.join('\n') }
      }
      const results = join(output, 'results.jsonl')
      await writeFile(join(output, 'reporter.mjs'), reporter)
      const execute = async (...flags: string[]) => {
        const program = await startProgram({
          command: {
            file: process.execPath,
            args: [
              ...flags,
              `--test-reporter=${join(output, 'reporter.mjs')}`,
              `--test-reporter-destination=${results}`,
              bundle,
            ],
            cwd: work,
            env: solutionEnvironment(run.hostEnvironment, {}),
          },
          scope: run.scope,
          outputLimit: run.exercise.limits.output_kb * 1024,
        })
        const exit = await within(program.exited, deadline)
        const end = await program.kill()
        return {
          exit: exit ?? end,
          late: exit === undefined,
          lines: program.output.lastLines(20),
          ...(await readResults(results)),
        }
      }
      let { exit, late, lines, tests, diagnostics } = await execute()
      // Source maps cost a quarter of a run; only the place of a crash needs them.
      if (!late && exit.code !== 0 && tests.every((test) => test.passed || test.skipped)) {
        ;({ exit, late, lines, tests, diagnostics } = await execute('--enable-source-maps'))
      }
      const failed = tests.filter((test) => !test.passed && !test.skipped).length
      const passed = tests.filter((test) => test.passed).length
      return {
        tests,
        passed,
        failed,
        skipped: tests.length - passed - failed,
        outcome: outcomeOf({ late, failed, passed, code: exit.code }),
        output: readableLog([...lines, ...diagnostics], work).join('\n'),
        ms: exit.ms,
      }
    },
  }
}

function outcomeOf({
  late,
  failed,
  passed,
  code,
}: {
  late: boolean
  failed: number
  passed: number
  code: number | null
}): SuiteRun['outcome'] {
  if (late) return 'timeout'
  if (failed > 0) return 'failed'
  if (code !== 0) return 'crashed'
  return passed === 0 ? 'no-tests' : 'passed'
}

/** Of a file that a suite could have written itself. */
const mostResults = { bytes: 4 * 2 ** 20, lines: 5000 }

async function readResults(file: string): Promise<{ tests: SuiteTest[]; diagnostics: string[] }> {
  const tests: SuiteTest[] = []
  const diagnostics: string[] = []
  for (const line of (await readBounded(file)).split('\n').slice(0, mostResults.lines)) {
    try {
      const result = JSON.parse(line || 'null') as Record<string, unknown> | null
      if (typeof result?.['diagnostic'] === 'string') diagnostics.push(...result['diagnostic'].split('\n'))
      else if (isTest(result)) tests.push(result)
    } catch {
      // The last line is torn when the suite was killed.
    }
  }
  return { tests, diagnostics }
}

function isTest(result: unknown): result is SuiteTest {
  const { name, passed, skipped, message } = (result ?? {}) as Record<string, unknown>
  return (
    typeof name === 'string' &&
    typeof passed === 'boolean' &&
    typeof skipped === 'boolean' &&
    (message === undefined || typeof message === 'string')
  )
}

/** The beginning of a regular file; empty when there is none, or something else in its place. */
async function readBounded(file: string): Promise<string> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    if (!(await handle.stat()).isFile()) return ''
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostResults.bytes), 0, mostResults.bytes, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    // The suite crashed before its first result.
    return ''
  }
}
