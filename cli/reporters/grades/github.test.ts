import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { classOfThree, gradesFor, reportFor, stepFor } from './class-of-three.ts'
import { githubGrades, stopCommands } from './github.ts'
import { dangersIn, hostileGrades, hugeGrades } from './hostile-grades.ts'
import { plainTerminal } from './open-formats.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'learn-backend-github-'))
  await mkdir(join(folder, 'submission', '.git'), { recursive: true })
  await mkdir(join(folder, 'submission', 'class'))
})
afterAll(() => rm(folder, { recursive: true }))

async function render(grades: typeof classOfThree, env: Record<string, string> = {}, root = '/nowhere/class') {
  const renderings = await githubGrades.render(grades, { env, terminal: plainTerminal(), root })
  return {
    summary: renderings.find(({ file }) => file === 'summary'),
    output: renderings.find(({ file }) => file === 'output'),
    log: renderings.find(({ file }) => file === undefined)?.text ?? '',
    count: renderings.length,
  }
}

const runner = { GITHUB_STEP_SUMMARY: 'summary', GITHUB_OUTPUT: 'output' }

/** As the runner reads a line, see `ActionCommand.TryParseV2` in actions/runner. */
function parseCommand(line: string) {
  const [, command = '', properties = '', data = ''] = /^::([a-z-]+)(?: (.*?))?::(.*)$/s.exec(line.trim()) ?? []
  const decode = (text: string) =>
    text
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%25', '%')
  const pairs = properties.split(',').map((pair): [string, string] => {
    const [name = '', ...value] = pair.split('=')
    return [name, decode(value.join('='))]
  })
  return { command, properties: Object.fromEntries(pairs), data: decode(data) }
}

test('each failed submission is annotated on the learner’s line, or on the folder', async () => {
  const { log } = await render(classOfThree)
  expect(log.trimEnd().split('\n').map(parseCommand)).toEqual([
    {
      command: 'error',
      properties: { file: 'ada/06-caching/cache-aside', title: 'ada · cache-aside: 0/5, environment' },
      data: 'Redis did not start.',
    },
    {
      command: 'error',
      properties: {
        file: 'grace/01-languages/hello-http/src/main.ts',
        line: '12',
        col: '3',
        title: 'grace · hello-http: 2/5, failed',
      },
      data: 'the path carries percent-encoded UTF-8\nexpected 200 {"message":"Hello, Zoë"}\ngot 200 {"message":"Hello, Zo%C3%AB"}',
    },
    {
      command: 'error',
      properties: { file: 'grace/06-caching/cache-aside', title: 'grace · cache-aside: 0/5, out of memory' },
      data: 'The program was killed: it took more than 512 MiB of memory.',
    },
    {
      command: 'error',
      properties: {
        file: 'linus/01-languages/hello-http/main.ts',
        line: '3',
        col: '1',
        title: 'linus · hello-http: 0/5, does not build',
      },
      data: 'The solution does not build.',
    },
  ])
})

test('percent signs, colons and commas are escaped', async () => {
  const step = stepFor('a', 5, [
    { title: 't', status: 'failed', ms: 1, message: '100%: a,b\n%0A::x', evidence: { stack: ['a,b=c.ts:1:2'] } },
  ])
  const { log } = await render(
    gradesFor([{ learner: 'a:b', exercise: 'x', folder: 'x', report: reportFor({ steps: [step] }) }]),
  )
  expect(log).toBe('::error file=x/a%2Cb=c.ts,line=1,col=2,title=a%3Ab · x%3A 0/5%2C failed::100%25: a,b%0A%250A::x\n')
})

test('paths are those of the repository: from the checkout, wherever it lies in the workspace', async () => {
  const [, , grace] = classOfThree.submissions
  const grades = gradesFor([grace ?? expect.fail()])
  const file = async (root: string, env: Record<string, string> = {}) =>
    parseCommand((await render(grades, env, root)).log).properties['file']
  const own = 'grace/01-languages/hello-http/src/main.ts'
  expect(await file(join(folder, 'submission'))).toBe(own)
  expect(await file(join(folder, 'submission', 'class'))).toBe(`class/${own}`)
  expect(await file(join(folder, 'plain'), { GITHUB_WORKSPACE: folder })).toBe(`plain/${own}`)
  expect(await file(join(folder, 'plain'), { GITHUB_WORKSPACE: '/elsewhere' })).toBe(own)
})

test.each([
  ['hostile grades', hostileGrades],
  ['texts of a megabyte', hugeGrades],
])('%s: at most ten commands, all of them ours, inside of the solution’s folder', async (_, grades) => {
  const { log, summary, output } = await render(grades, runner)
  const lines = log.trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(10)
  for (const line of lines) {
    expect(line).toMatch(/^::error file=[^,:]*(,line=\d+(,col=\d+)?)?,title=[^,:]*::/)
    const { file = '' } = parseCommand(line).properties
    expect(file).not.toMatch(/^\.\.|\/\.\.(\/|$)/)
    expect(dangersIn(line.replace('::error', ''))).toEqual([])
  }
  expect(dangersIn(summary?.text ?? '')).toEqual([])
  expect(output?.text).toMatch(/^points=0\npossible=\d+\npercent=0\npassed=false\n$/)
})

test('sums are outputs, and both files are added to', async () => {
  const { summary, output } = await render(classOfThree, runner)
  expect(output).toEqual({ file: 'output', append: true, text: 'points=7\npossible=25\npercent=28\npassed=false\n' })
  expect(summary?.append).toBe(true)
  expect(summary?.text).toContain('# Grades: Backend')
  const { output: perfect } = await render(gradesFor(classOfThree.submissions.slice(0, 1)), runner)
  expect(perfect?.text).toContain('percent=100\npassed=true\n')
})

test('outside of GitHub only annotations are made', async () => {
  expect((await render(classOfThree)).count).toBe(1)
})

test('a summary stays below GitHub’s mebibyte, however many failed', async () => {
  const noisy = 'é'.repeat(4000)
  const submissions = Array.from({ length: 400 }, (_, index) => ({
    learner: `learner-${index}`,
    exercise: 'hello-http',
    folder: 'x',
    report: reportFor({ message: noisy, evidence: { got: noisy } }),
  }))
  const { summary } = await render(gradesFor(submissions), runner)
  const bytes = Buffer.byteLength(summary?.text ?? '')
  expect(bytes).toBeGreaterThan(700 * 1024)
  expect(bytes).toBeLessThan(800 * 1024)
  expect(summary?.text).toMatch(/\d+ more failed submissions left out/)
})

test('text for the log is wrapped so that none of it is a command', () => {
  const first = stopCommands('::error::x')
  expect(first).toMatch(/^::stop-commands::([0-9a-f]{32})\n::error::x\n::\1::\n$/)
  expect(stopCommands('::error::x')).not.toBe(first)
  expect(stopCommands('')).toBe('')
})
