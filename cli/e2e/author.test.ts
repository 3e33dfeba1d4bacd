import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cli, packageRoot } from './run-cli.ts'

let course: string

beforeEach(async () => {
  course = join(await mkdtemp(join(tmpdir(), 'course-')), 'tiny')
  await cp(join(packageRoot, 'fixtures/courses/tiny'), course, { recursive: true })
})
afterEach(() => rm(join(course, '..'), { recursive: true, force: true }))

const ping = (file: string) => join(course, '01-basics/ping', file)

async function change(file: string, edit: (text: string) => string): Promise<void> {
  const before = await readFile(file, 'utf8')
  const after = edit(before)
  expect(after, 'the edit must change something').not.toBe(before)
  await writeFile(file, after)
}

/** Checks one exercise and gives what is wrong with it. */
async function check(...more: string[]): Promise<{ exitCode: number | undefined; problems: string[]; caught: number }> {
  const { exitCode, stdout, stderr } = await cli(['author', 'check', 'ping', '--course', course, '--json', ...more])
  if (!stdout) return { exitCode, problems: stderr.split('\n'), caught: 0 }
  const result = JSON.parse(stdout) as {
    problems: { file: string; message: string }[]
    exercises: { caught: number }[]
  }
  return {
    exitCode,
    problems: result.problems.map(({ file, message }) => `${file} ${message}`),
    caught: result.exercises[0]?.caught ?? 0,
  }
}

test('a good exercise has no problems', async () => {
  const { exitCode, stdout } = await cli(['author', 'check', '--course', course, '--repeat', '2'])
  expect(stdout).toMatch(/✔ good\s+ping · 6 tests · 6 of 6 wrong solutions caught · 2 runs/)
  expect(stdout).toMatch(/0 problems in 2 exercises · kill score 12\/12/)
  expect(exitCode).toBe(0)
})

test('a new exercise passes its own check', async () => {
  const made = await cli(['author', 'new', '02-tools/my-first', '--course', course])
  expect(made.stdout).toContain('author check my-first')
  const { exitCode, stdout } = await cli(['author', 'check', 'my-first', '--course', course])
  expect(stdout).toMatch(/✔ good\s+my-first/)
  expect(exitCode).toBe(0)
  const again = await cli(['author', 'new', '02-tools/my-first', '--course', course])
  expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('exists already') })
})

test('a new exercise needs a topic and a name', async () => {
  expect(await cli(['author', 'new', 'nothing', '--course', course])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('is no place for an exercise'),
  })
  expect(await cli(['author', 'new', '01-basic/x', '--course', course])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Did you mean "01-basics"?'),
  })
})

describe('problems in files', () => {
  test('a misspelt key is named with file, line, column and a suggestion', async () => {
    await change(ping('exercise.yaml'), (text) => text.replace('summary:', 'sumary:'))
    const { exitCode, problems } = await check()
    expect(exitCode).toBe(2)
    expect(problems.join('\n')).toMatch(/exercise\.yaml:4:1 unknown key "sumary"\. Did you mean "summary"\?/)
  })

  test('broken YAML is named with its line', async () => {
    await change(ping('exercise.yaml'), (text) => text.replace('title: Ping', 'title: "Ping'))
    expect((await check()).problems.join('\n')).toMatch(/exercise\.yaml:\d+:\d+ /)
  })

  test('all that is missing is reported at once', async () => {
    await rm(ping('afterword.md'))
    await rm(ping('wrong/says-ok.patch'))
    await change(ping('README.md'), (text) => text.replace('## Echo', '## Echoes'))
    const { problems } = await check()
    expect(problems).toEqual([
      expect.stringMatching(/README\.md It has no heading "Echo", which step "echo" refers to/),
      expect.stringMatching(/afterword\.md The afterword is missing/),
      expect.stringMatching(/says-ok\.patch exercise\.yaml lists it, but it is not there/),
    ])
  })

  test('a step that needs a later one, and a wrong solution for no step, are refused', async () => {
    await change(ping('exercise.yaml'), (text) =>
      text.replace('needs: [ping]', 'needs: [method]').replace('step: method', 'step: methods'),
    )
    const { problems } = await check()
    expect(problems.join('\n')).toMatch(/steps\.count\.needs: "method" is no earlier step/)
    expect(problems.join('\n')).toMatch(/wrong\.ignores-the-method\.step: "methods" is no step/)
  })
})

describe('hidden tests that are no good', () => {
  test('a wrong solution that passes is a hole in the tests', async () => {
    await change(ping('hidden/ping.test.ts'), (text) =>
      text.replace('toAnswer(200, { pings: times })', 'toHaveStatus(200)'),
    )
    const { exitCode, problems, caught } = await check()
    expect(exitCode).toBe(2)
    expect(caught).toBe(4)
    expect(problems).toEqual([
      expect.stringMatching(/counts-from-one\.patch It passes step "count": the tests do not see its bug/),
      expect.stringMatching(/counts-every-request\.patch It passes step "count"/),
    ])
  })

  test('a wrong solution that fails elsewhere, or more than it names, is refused', async () => {
    await change(ping('exercise.yaml'), (text) =>
      text.replace('tests: [echoes what is percent-encoded]', 'tests: [echoes a word]'),
    )
    const { problems } = await check()
    expect(problems.join('\n')).toMatch(/forgets-decode\.patch It passes the test "echoes a word"/)
    expect(problems.join('\n')).toMatch(/It also fails "echoes what is percent-encoded", which it does not name/)
  })

  test('a reference that fails, a starter that passes, and a patch that does not fit are found', async () => {
    await cp(ping('reference/js'), ping('starter/js'), { recursive: true, force: true })
    await change(ping('reference/ts/main.ts'), (text) => text.replace("'pong'", "'pang'"))
    const { problems } = await check()
    expect(problems.join('\n')).toMatch(
      /The reference does not pass "ping" \(seed 0001\).*expected 200 \{"message":"pong"\}/,
    )
    expect(problems.join('\n')).toMatch(/starter\/js The starter passes/)
    expect(problems.join('\n')).toMatch(/says-ok\.patch It does not fit main\.ts/)
  })

  test('a test that flakes is found by repeating', async () => {
    await change(ping('hidden/ping.test.ts'), (text) =>
      text
        .replace(
          "toAnswer(200, { message: 'pong' })",
          "toAnswer(random.int(0, 3) === 0 ? 404 : 200, { message: 'pong' })",
        )
        .replace('async ({ app }) =>', 'async ({ app, random }) =>'),
    )
    const { problems } = await check('--repeat', '12')
    expect(problems.join('\n')).toMatch(/The reference does not pass "ping" \(seed [0-9a-f]{4}\)/)
  })

  test('a step without a test, and a test file that is broken, are found', async () => {
    await change(ping('hidden/ping.test.ts'), (text) => text.replace(/step\('method'[\s\S]*$/, ''))
    expect((await check()).problems.join('\n')).toMatch(/Step "method" has no test/)
    await writeFile(ping('hidden/ping.test.ts'), "import { step } from 'learn-backend/kit'\nstep('pingg', () => {})\n")
    expect((await check()).problems.join('\n')).toMatch(
      /step\('pingg'\) is not in exercise\.yaml; there are: ping, count/,
    )
  })
})
