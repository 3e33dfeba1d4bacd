import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRunScope, type RunScope } from '../solution/run-scope.ts'
import { detectSolution, toolchains } from './index.ts'
import { BuildFailure } from './toolchain.ts'

let folder: string
let output: string
let scope: RunScope

beforeEach(async () => {
  scope = openRunScope()
  folder = await mkdtemp(join(tmpdir(), 'solution-'))
  output = await mkdtemp(join(tmpdir(), 'output-'))
})
afterEach(async () => {
  await scope[Symbol.asyncDispose]()
  await Promise.all([folder, output].map((path) => rm(path, { recursive: true, force: true })))
})

async function write(files: Record<string, string>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), text)
  }
}

test.each([
  [{ 'main.ts': '' }, 'ts', 'main.ts'],
  [{ 'main.js': '', 'package.json': '{}' }, 'js', 'main.js'],
  [{ 'src/index.ts': '' }, 'ts', 'src/index.ts'],
  [{ 'task-cli.js': '', 'package.json': '{"bin":{"task-cli":"./task-cli.js"}}' }, 'js', 'task-cli.js'],
  [{ 'lib/app.mjs': '', 'package.json': '{"main":"lib/app.mjs"}' }, 'js', 'lib/app.mjs'],
])('%j is recognised', async (files, id, main) => {
  await write(files)
  const detected = detectSolution(folder)
  expect(detected.toolchain.id).toBe(id)
  expect(detected.main).toBe(main)
})

test('nothing to run says what was looked for', async () => {
  await write({ 'package.json': '{"main":"missing.js"}' })
  expect(() => detectSolution(folder)).toThrow(/no main file was found/)
})

test('TypeScript of several files, JSON, CommonJS and packages run as one program', async () => {
  await write({
    'main.ts': `import { add } from './math.ts'\nimport data from './data.json'\nimport { shout } from 'loud'\nimport old from './old.cjs'\nconst n: number = add(1, data.two)\nconsole.log(shout(String(n)), old.name)`,
    'math.ts': 'export const add = (a: number, b: number): number => a + b',
    'data.json': '{"two":2}',
    'old.cjs': `module.exports = { name: require('node:path').basename('/a/b') }`,
    'node_modules/loud/package.json': '{"name":"loud","type":"module","exports":"./index.js"}',
    'node_modules/loud/index.js': 'export const shout = (text) => text + "!"',
  })
  const launch = await toolchains.ts.build({ folder, main: 'main.ts', output, scope })
  expect(execFileSync(launch.file, launch.args, { encoding: 'utf8', cwd: folder }).trim()).toBe('3! b')
})

test('a stack trace names the line of the TypeScript', async () => {
  await write({
    'main.ts': `interface A {\n  b: string\n}\n\nfunction fail(a?: A): string {\n  throw new Error('here')\n}\nfail()\n`,
  })
  const launch = await toolchains.ts.build({ folder, main: 'main.ts', output, scope })
  expect(() => execFileSync(launch.file, launch.args, { encoding: 'utf8', stdio: 'pipe' })).toThrow(/main\.ts:6:9/)
})

test('mistakes come with file, line and column, all at once', async () => {
  await write({
    'main.ts': `import './other.ts'\nimport x from 'not-installed'\nconst = 1\n`,
    'other.ts': 'let y: = 2',
  })
  const failure = await toolchains.ts.build({ folder, main: 'main.ts', output, scope }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(BuildFailure)
  expect((failure as BuildFailure).problems).toEqual([expect.objectContaining({ file: 'main.ts', line: 3 })])
  await write({ 'main.ts': `import './other.ts'\nimport x from 'not-installed'\nconsole.log(x)\n` })
  const second = (await toolchains.ts
    .build({ folder, main: 'main.ts', output, scope })
    .catch((error: unknown) => error)) as BuildFailure
  expect(second.problems.map(({ message }) => message).join('\n')).toMatch(/"not-installed" is not installed/)
  expect(second.problems.map(({ file }) => file)).toContain('other.ts')
})
