import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cli, packageRoot } from './run-cli.ts'

const runtime = (name: string) => join(packageRoot, 'fixtures/runtimes/node_modules', name, 'bin/node')
const tiny = join(packageRoot, 'fixtures/courses/tiny')

/** The Node that runs these tests, and the two newer lines that the package promises to work on. */
const versions = { own: process.execPath, 22: runtime('node-22'), 24: runtime('node-24') }

describe.each(Object.entries(versions))('on Node %s', (name, node) => {
  test('it is that version', () => {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' })
    expect(Number(/^v(\d+)/.exec(version)?.[1])).toBeGreaterThanOrEqual(name === 'own' ? 20 : Number(name))
  })

  test.each([
    ['ping', '01-basics', 'ts'],
    ['ping', '01-basics', 'js'],
    ['echo', '02-tools', 'ts'],
  ])('%s passes with the reference and fails with the starter', async (id, topic, language) => {
    const verify = (kind: string) =>
      cli(['verify', id, '--course', tiny, '--solution', join(tiny, topic, id, kind, language)], { node })
    expect(await verify('reference')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/5 of 5 steps/) })
    expect(await verify('starter')).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/read\s+README\.md/) })
  })

  test("a learner's test suite runs", async () => {
    const exercise = join(packageRoot, 'exercises/09-testing-and-debugging/write-the-tests')
    const { stdout } = await cli(
      ['verify', 'write-the-tests', '--step', 'first-catch', '--solution', join(exercise, 'reference/ts')],
      { node },
    )
    expect(stdout).toMatch(/(\d+) of \1 points/)
  })

  test('author check agrees with stock Vitest', async () => {
    const { exitCode, stdout } = await cli(['author', 'check', 'echo', '--course', tiny], { node })
    expect(stdout).toMatch(/✔ good\s+echo/)
    expect(exitCode).toBe(0)
  })
})
