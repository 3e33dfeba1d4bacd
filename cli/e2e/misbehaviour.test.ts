import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reportSchema, type Report } from '../../grader/report/schema.ts'
import { setTrap } from './leftovers.ts'
import { cli, packageRoot } from './run-cli.ts'

const course = join(packageRoot, 'fixtures/bench/course')
const solution = (name: string) => join(packageRoot, 'fixtures/solutions', name)

async function grade(
  name: string,
  ...more: string[]
): Promise<{ report: Report; exitCode: number | undefined; left: string[] }> {
  await using trap = await setTrap()
  const words = ['verify', 'ten', '--course', course, '--solution', solution(name), '--json', ...more]
  const { exitCode, stdout } = await cli(words, { env: trap.env })
  return { report: reportSchema.parse(JSON.parse(stdout)), exitCode, left: trap.leftovers() }
}

interface Expectation {
  cause: Report['cause'] | undefined
  /** What the first failed test says. */
  message?: RegExp
  got?: RegExp
  note?: RegExp
  log?: RegExp
  stack?: string
}

const misbehaviours: Record<string, Expectation> = {
  'never-listens': {
    cause: 'never_listened',
    message: /not opened within 5000 ms/,
    got: /listens on no port/,
    log: /thinking/,
  },
  'exits-at-once': {
    cause: 'never_listened',
    message: /ended by itself before it listened/,
    got: /code 0/,
    log: /done already/,
  },
  'crashes-at-start': {
    cause: 'crashed',
    message: /crashed before it listened/,
    log: /Error: no settings here/,
    stack: 'settings.js:2:9',
  },
  'crashes-on-request': {
    cause: 'crashed',
    message: /crashed: it exited with code 1/,
    log: /TypeError/,
    stack: 'main.js:4:26',
  },
  'throws-in-typescript': { cause: 'crashed', message: /crashed/, log: /TypeError/, stack: 'main.ts:8:33' },
  'wrong-port': { cause: 'never_listened', got: /listens on 127\.0\.0\.1:\d+$/, note: /environment variable PORT/ },
  'ipv6-only': { cause: 'never_listened', got: /listens on ::1:\d+/, note: /127\.0\.0\.1 or 0\.0\.0\.0/ },
  'floods-at-start': { cause: 'resource_limit', message: /printed endlessly/ },
  hangs: { cause: 'timeout', message: /No answer within 2000 ms/ },
  'endless-answer': { cause: 'resource_limit', message: /larger than/ },
  garbage: { cause: undefined, message: /not HTTP/ },
  'control-characters': { cause: undefined, got: /^500/ },
  honest: { cause: undefined, got: /^404/ },
}

describe.concurrent('a solution that misbehaves is told apart from a wrong answer', () => {
  for (const [name, expected] of Object.entries(misbehaviours)) {
    test(name, async () => {
      const { report, exitCode, left } = await grade(name)
      expect(exitCode).toBe(1)
      expect(report).toMatchObject({ status: 'failed', points: { earned: 0 } })
      expect(report.cause).toBe(expected.cause)
      const failed = report.steps[0]?.tests[0]
      const { evidence } = failed ?? {}
      if (expected.message) expect(failed?.message).toMatch(expected.message)
      if (expected.got) expect(evidence?.got).toMatch(expected.got)
      if (expected.note) expect(evidence?.notes?.join('\n')).toMatch(expected.note)
      if (expected.log) expect(evidence?.log?.join('\n')).toMatch(expected.log)
      if (expected.stack) expect(evidence?.stack?.[0]).toBe(expected.stack)
      expect(left).toEqual([])
    })
  }
})

test('a solution that does not build names file, line and column', async () => {
  const { report, exitCode } = await grade('syntax-error')
  expect(exitCode).toBe(1)
  expect(report).toMatchObject({ status: 'failed', cause: 'build_failed' })
  expect(report.evidence?.log?.[0]).toMatch(/^main\.ts:4:1 Expected "\)"/)
  const { report: other } = await grade('missing-package')
  expect(other.evidence?.log?.[0]).toContain('"express" is not installed (npm install express)')
})

test('a program that never starts is waited for once', async () => {
  const { report } = await grade('never-listens')
  expect(report.ms).toBeLessThan(9000)
  expect(report.steps[1]?.tests[0]?.message).toBe('the program does not start')
})

test('a flood of output ends the program and the run', async () => {
  const { report } = await grade('floods', '--keep-going')
  const floods = report.steps.flatMap((step) => step.tests).filter((each) => each.cause === 'resource_limit')
  expect(floods.length).toBeGreaterThan(0)
  expect(floods[0]?.evidence?.notes?.[0]).toMatch(/loop/)
})

test('processes that leave their group and their parent are found and ended', async () => {
  const { left } = await grade('forks')
  expect(left).toEqual([])
})

test('nothing that a solution says reaches the terminal as a control sequence', async () => {
  for (const name of ['control-characters', 'garbage']) {
    const { stdout } = await cli(['verify', 'ten', '--course', course, '--solution', solution(name)])
    // oxlint-disable-next-line no-control-regex -- it is what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    expect(stdout).not.toMatch(/^\s*::/m)
  }
})

test('a machine without room for temporary files is named, with what to do', async () => {
  const words = ['verify', 'ten', '--course', course, '--solution', solution('honest')]
  const { exitCode, stderr } = await cli(words, { env: { TMPDIR: '/nowhere/at/all' } })
  expect(exitCode).toBe(3)
  expect(stderr).toMatch(/can't be written to \/nowhere\/at\/all[\s\S]*TMPDIR/)
})

test('a folder without a program says which files were looked for', async () => {
  const { exitCode, stderr } = await cli([
    'verify',
    'ten',
    '--course',
    course,
    '--solution',
    join(packageRoot, 'fixtures/courses'),
  ])
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/no main file was found/)
  expect(stderr).toMatch(/main\.ts, main\.js, main\.py, main\.go, Main\.java, or say in run\.yaml/)
})
