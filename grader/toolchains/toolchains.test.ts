import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRunScope, type RunScope } from '../solution/run-scope.ts'
import { buildOnce } from './build-once.ts'
import { detectSolution, toolchains } from './index.ts'
import { requirementsOf } from './python/virtual-environment.ts'
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
  [{ 'main.py': '', 'requirements.txt': '' }, 'python', 'main.py'],
  [
    { 'src/tasks/__main__.py': '', 'src/tasks/__init__.py': '', 'pyproject.toml': '' },
    'python',
    'src/tasks/__main__.py',
  ],
  [{ 'task_cli.py': 'import store\nif __name__ == "__main__":\n    run()', 'store.py': '' }, 'python', 'task_cli.py'],
  [{ 'tracker.py': 'print(1)', 'test_tracker.py': '' }, 'python', 'tracker.py'],
  [{ 'main.go': '', 'go.mod': '' }, 'go', 'main.go'],
  [
    {
      'cmd/task-cli/task_cli.go': 'package main\n\nfunc main() {\n}\n',
      'internal/store.go': 'package store\n',
      'go.mod': '',
    },
    'go',
    'cmd/task-cli/task_cli.go',
  ],
  [{ 'Main.java': '', 'Store.java': '' }, 'java', 'Main.java'],
  [
    {
      'src/main/java/org/example/TaskCli.java': 'package org.example;\npublic static void main(String[] args) {}',
      'pom.xml': '',
    },
    'java',
    'src/main/java/org/example/TaskCli.java',
  ],
  [
    {
      'pom.xml': '<mainClass>org.example.Other</mainClass>',
      'src/main/java/org/example/App.java': 'package org.example;\nstatic void main(String[] args) {}',
      'src/main/java/org/example/Other.java': 'package org.example;\nstatic void main(String[] args) {}',
    },
    'java',
    'src/main/java/org/example/Other.java',
  ],
  [{ 'task-cli.js': '' }, 'js', 'task-cli.js'],
  [{ 'cli.js': '', 'store.js': '', 'package.json': '{"scripts":{"start":"node cli.js"}}' }, 'js', 'cli.js'],
  [{ 'bin/task-cli': '#!/usr/bin/env node\n', 'lib/store.js': '', 'package.json': '{}' }, 'js', 'bin/task-cli'],
  [
    {
      'pyproject.toml': '[project]\nname = "tasks"\n\n[project.scripts]\ntask-cli = "tasks.cli:main"\n',
      'src/tasks/cli.py': '',
      'src/tasks/__init__.py': '',
    },
    'python',
    'src/tasks/cli.py',
  ],
  [{ 'task-cli': '#!/usr/bin/env python3\n', 'task_manager.py': '' }, 'python', 'task-cli'],
  [{ 'src/task_cli.py': '' }, 'python', 'src/task_cli.py'],
  [{ 'cmd/main.go': 'package main\n\nfunc main() {\n}\n', 'go.mod': '' }, 'go', 'cmd/main.go'],
  [{ 'run.yaml': 'language: Rust\nstart: ./server', 'main.py': '' }, 'custom', 'run.yaml'],
  // What was made of TypeScript may lie beside it.
  [{ 'main.ts': '', 'index.js': '' }, 'ts', 'main.ts'],
  [{ 'main.py': '', 'node_modules/x/index.js': '', '.venv/lib/app.py': '' }, 'python', 'main.py'],
])('%j is recognised', async (files, id, main) => {
  await write(files)
  const detected = detectSolution(folder)
  expect(detected.toolchain.id).toBe(id)
  expect(detected.main).toBe(main)
})

test('a program in a folder below is somebody else’s', async () => {
  await write({
    'old/main.go': 'package main\n\nfunc main() {\n}\n',
    'old/Main.java': 'static void main(String[] args) {}',
  })
  expect(() => detectSolution(folder)).toThrow(/no main file was found/)
})

test('nothing to run says what was looked for', async () => {
  await write({ 'package.json': '{"main":"missing.js"}' })
  expect(() => detectSolution(folder)).toThrow(/no main file was found/)
})

test('run.yaml names the language', async () => {
  await write({ 'run.yaml': '# ours\nlanguage: "C++" # 20\nstart: ./server\n' })
  expect(detectSolution(folder).toolchain.name).toBe('C++')
})

test.each([
  [{ 'requirements.txt': '# web\nflask>=3 # the framework\n\nredis\n' }, ['flask>=3', 'redis']],
  [{ 'requirements.txt': '# psycopg[binary]\n' }, []],
  [
    {
      'pyproject.toml':
        '[project]\nname = "tasks"\ndependencies = [\n  "rich>=13",\n  \'psycopg[binary]\',\n]\n\n[tool.x]\ny = ["z"]\n',
    },
    ['rich>=13', 'psycopg[binary]'],
  ],
  [{ 'pyproject.toml': '[project]\ndependencies = ["rich"]\n' }, ['rich']],
  [{ 'pyproject.toml': '[project]\nname = "tasks"\n' }, []],
])('Python: %j asks for %j', async (files, packages) => {
  await write(files)
  expect(requirementsOf(folder)).toEqual(packages)
})

test('what was built is found again by what the sources say', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'cache-'))
  let builds = 0
  const build = (salt = 'a', isGood?: (built: string) => boolean) =>
    buildOnce({
      folder,
      cache,
      output,
      salt,
      build: async (into) => {
        builds++
        await writeFile(join(into, 'program'), '')
      },
      ...(isGood ? { isGood } : {}),
    })
  try {
    await write({ 'a.txt': 'a', 'node_modules/x/index.js': '1', '__pycache__/x': '1' })
    const first = await build()
    await write({ 'node_modules/x/index.js': '2', '__pycache__/x': '2', '.venv/x': '1' })
    expect(await build()).toBe(first)
    expect(builds).toBe(1)
    await write({ 'b.txt': '' })
    expect(await build()).not.toBe(first)
    await build('another compiler')
    expect(builds).toBe(3)
    await build('a', () => false)
    expect(builds).toBe(4)
    await rename(join(folder, 'a.txt'), join(folder, 'c.txt'))
    await build()
    expect(builds).toBe(5)
  } finally {
    await rm(cache, { recursive: true })
  }
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
  const launch = await toolchains.ts.build({ folder, main: 'main.ts', output, scope, hostEnvironment: process.env })
  expect(execFileSync(launch.file, launch.args, { encoding: 'utf8', cwd: folder }).trim()).toBe('3! b')
})

test('a stack trace names the line of the TypeScript', async () => {
  await write({
    'main.ts': `interface A {\n  b: string\n}\n\nfunction fail(a?: A): string {\n  throw new Error('here')\n}\nfail()\n`,
  })
  const launch = await toolchains.ts.build({ folder, main: 'main.ts', output, scope, hostEnvironment: process.env })
  expect(() => execFileSync(launch.file, launch.args, { encoding: 'utf8', stdio: 'pipe' })).toThrow(/main\.ts:6:9/)
})

test('mistakes come with file, line and column, all at once', async () => {
  await write({
    'main.ts': `import './other.ts'\nimport x from 'not-installed'\nconst = 1\n`,
    'other.ts': 'let y: = 2',
  })
  const failure = await toolchains.ts
    .build({ folder, main: 'main.ts', output, scope, hostEnvironment: process.env })
    .catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(BuildFailure)
  expect((failure as BuildFailure).problems).toEqual([expect.objectContaining({ file: 'main.ts', line: 3 })])
  await write({ 'main.ts': `import './other.ts'\nimport x from 'not-installed'\nconsole.log(x)\n` })
  const second = (await toolchains.ts
    .build({ folder, main: 'main.ts', output, scope, hostEnvironment: process.env })
    .catch((error: unknown) => error)) as BuildFailure
  expect(second.problems.map(({ message }) => message).join('\n')).toMatch(/"not-installed" is not installed/)
  expect(second.problems.map(({ file }) => file)).toContain('other.ts')
})
