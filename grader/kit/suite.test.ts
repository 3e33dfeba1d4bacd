import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openTestRun } from './open-test-run.ts'
import { createSuite, type SuiteRun } from './suite.ts'

let folder: string
let run: ReturnType<typeof openTestRun>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'suite-'))
  run = openTestRun({ folder })
})
afterEach(async () => {
  await run[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function runSuite(tests: string, options: { deadline?: number; library?: string } = {}): Promise<SuiteRun> {
  await writeFile(
    join(folder, 'a.test.ts'),
    `import assert from 'node:assert/strict'\nimport { describe, test } from 'node:test'\nimport { double } from './double.ts'\n${tests}`,
  )
  await writeFile(join(folder, 'double.ts'), 'export const double = (n: number): number => n * 2\n')
  const suite = createSuite((name) => run.scope.folder(name))
  const { library, ...rest } = options
  return suite.run({ ...rest, ...(library ? { replace: { 'double.ts': library } } : {}) })
}

test('a suite that passes has its tests by name', async () => {
  const result = await runSuite(
    `describe('double', () => { test('two', () => assert.equal(double(2), 4)) })\ntest('free', () => {})\ntest.skip('later', () => {})`,
  )
  expect(result).toMatchObject({ outcome: 'passed', passed: 2, failed: 0, skipped: 1 })
  expect(result.tests.map(({ name }) => name)).toEqual(['double > two', 'free', 'later'])
})

test("a replaced library is what the tests import, and the learner's files stay as they are", async () => {
  const result = await runSuite(`test('two', () => assert.equal(double(2), 4))`, {
    library: 'export const double = (n) => n * 3',
  })
  expect(result).toMatchObject({ outcome: 'failed', passed: 0, failed: 1 })
  expect(result.tests[0]?.message).toContain('6 !== 4')
  expect(await runSuite(`test('two', () => assert.equal(double(2), 4))`)).toMatchObject({ outcome: 'passed' })
})

test('a suite without tests, one that hangs, crashes, or does not build are told apart', async () => {
  expect(await runSuite('export {}')).toMatchObject({ outcome: 'no-tests' })
  expect(
    await runSuite(`test('hangs', () => new Promise((resolve) => setTimeout(resolve, 60_000)))`, { deadline: 700 }),
  ).toMatchObject({ outcome: 'timeout' })
  const crashed = await runSuite(`test('a', () => {})\nthrow new Error('at the top')`)
  expect(crashed.outcome).toBe('crashed')
  expect(crashed.output).toMatch(/a\.test\.ts:5/)
  expect(crashed.output).toContain('at the top')
  const broken = await runSuite(`test('a', () => {`)
  expect(broken.outcome).toBe('build-failed')
  expect(broken.output).toMatch(/a\.test\.ts:\d+/)
})

test('a rejection that nobody awaits is told', async () => {
  const result = await runSuite(`test('a', () => { Promise.reject(new Error('nobody waits')) })`)
  expect(result.outcome).toBe('crashed')
  expect(result.output).toContain('nobody waits')
})

test('what the tests print does not pass for results', async () => {
  const result = await runSuite(
    `console.log(JSON.stringify({ name: 'forged', passed: true, skipped: false }))\ntest('real', () => assert.equal(double(1), 3))`,
  )
  expect(result).toMatchObject({ outcome: 'failed', passed: 0, failed: 1 })
})
