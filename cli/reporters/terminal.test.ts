import { expect, test } from 'vitest'
import type { Report } from '../../grader/index.ts'
import type { Terminal } from '../terminal.ts'
import { terminalReport } from './terminal.ts'

const plain = (text: string) => text
const terminal = (width: number): Terminal => ({
  interactive: false,
  width,
  green: plain,
  red: plain,
  yellow: plain,
  cyan: plain,
  dim: plain,
  bold: plain,
})

const report: Report = {
  version: 1,
  exercise: { id: 'hello-http', title: 'Hello, HTTP', topic: '01-languages' },
  status: 'failed',
  points: { earned: 2, possible: 10 },
  steps: [
    {
      id: 'health',
      title: 'The service says that it is alive',
      section: 'Health',
      status: 'passed',
      points: { earned: 2, possible: 2 },
      ms: 31.2,
      tests: [{ title: 'answers', status: 'passed', ms: 31.2 }],
    },
    {
      id: 'greet',
      title: 'A greeting for a name',
      section: 'Greeting',
      status: 'failed',
      points: { earned: 0, possible: 3 },
      ms: 12,
      tests: [
        {
          title: 'greets in every script',
          status: 'failed',
          ms: 12,
          message: 'the path carries percent-encoded UTF-8',
          evidence: {
            asked: 'GET /hello/Zo%C3%AB',
            expected: '200 {"message":"Hello, Zoë"}',
            got: '200 {"message":"Hello, Zo%C3%AB"}',
            replay: 'curl -i http://127.0.0.1:4000/hello/Zo%C3%AB',
          },
        },
        { title: 'greets again', status: 'failed', ms: 1 },
      ],
    },
    {
      id: 'shutdown',
      title: 'It leaves politely',
      section: 'Shutdown',
      status: 'skipped',
      points: { earned: 0, possible: 5 },
      ms: 0,
      needs: 'greet',
      tests: [{ title: 'exits', status: 'skipped', ms: 0 }],
    },
  ],
  seed: '81f3',
  toolchain: { id: 'ts', name: 'TypeScript', version: 'node 20.20' },
  services: [],
  isolation: { id: 'none', mechanism: 'not confined', limits: [] },
  startedAt: '2026-11-22T12:00:00.000Z',
  ms: 300,
  grader: '0.1.0',
}

test('a report shows steps, the first failed test of each with its evidence, and the sum', async () => {
  expect(await terminalReport(report, { terminal: terminal(80), all: false })).toBe(
    `hello-http · TypeScript · node 20.20                                   seed 81f3
✔ health    The service says that it is alive    2/2    31 ms
✖ greet     A greeting for a name                0/3    12 ms
    test      greets in every script
    why       the path carries percent-encoded UTF-8
    asked     GET /hello/Zo%C3%AB
    expected  200 {"message":"Hello, Zoë"}
    got       200 {"message":"Hello, Zo%C3%AB"}
                                       ~~~~~~
    replay    curl -i http://127.0.0.1:4000/hello/Zo%C3%AB
    read      README.md, Greeting · npx learn-backend hint
              1 more test failed in this step; --keep-going shows all
○ shutdown  needs greet
2 of 10 points · 1 of 3 steps · 0.3 s
`,
  )
})

test('all failed tests are shown when asked for', async () => {
  const text = await terminalReport(report, { terminal: terminal(80), all: true })
  expect(text).toContain('greets again')
  expect(text).not.toContain('--keep-going')
})

test.each([40, 60, 200])('no line is wider than a terminal of %i columns', async (width) => {
  const text = await terminalReport(report, { terminal: terminal(width), all: true })
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width)
})

test('a solution that does not build shows what the compiler says, and no steps', async () => {
  const broken: Report = {
    ...report,
    cause: 'build_failed',
    message: 'The solution does not build.',
    evidence: { log: ['main.ts:3:1 Expected ")"', '    createServer('] },
    steps: report.steps.map((step) => ({ ...step, status: 'skipped', tests: [] })),
  }
  const text = await terminalReport(broken, { terminal: terminal(80), all: false })
  expect(text).toContain('✖ The solution does not build.')
  expect(text).toContain('| main.ts:3:1 Expected ")"')
  expect(text).not.toContain('health')
})
