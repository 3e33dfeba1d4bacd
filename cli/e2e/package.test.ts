import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { packageRoot } from './run-cli.ts'

const execute = promisify(execFile)

let place: string
let installed: string

/** What a person types, in the folder with the installed package; the exit code is part of the answer. */
async function type(command: string, ...words: string[]): Promise<{ code: number; output: string }> {
  try {
    const { stdout, stderr } = await execute(command, words, { cwd: installed })
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, output: stdout + stderr }
  }
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'package-'))
  // Packing builds: in a copy, because other tests use the build meanwhile.
  const source = join(place, 'source')
  const { stdout } = await execute('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: packageRoot,
    maxBuffer: 2 ** 24,
  })
  for (const file of stdout.split('\0').filter(Boolean)) {
    await mkdir(dirname(join(source, file)), { recursive: true })
    await cp(join(packageRoot, file), join(source, file)).catch(() => {})
  }
  await symlink(join(packageRoot, 'node_modules'), join(source, 'node_modules'))
  await execute('npm', ['pack', '--pack-destination', place], { cwd: source, maxBuffer: 2 ** 24 })
  const tarball = (await readdir(place)).find((file) => file.endsWith('.tgz')) ?? ''
  installed = join(place, 'empty')
  await mkdir(installed)
  // Whatever lies in folders above is not ours to install into.
  await writeFile(join(installed, 'package.json'), '{"private":true}')
  await execute('npm', ['install', '--no-audit', '--no-fund', join(place, tarball)], { cwd: installed })
}, 180_000)

afterAll(() => rm(place, { recursive: true, force: true }))

test('the installed package brings esbuild and nothing else', async () => {
  const names = (await readdir(join(installed, 'node_modules'))).filter((name) => !name.startsWith('.'))
  expect(names.sort()).toEqual(['@esbuild', 'esbuild', 'learn-backend'])
})

test('next and verify work there, from an honest failure to a pass', async () => {
  const next = await type('npx', 'learn-backend', 'next', '--yes')
  expect(next.code).toBe(0)
  expect(next.output).toContain('hello-http')
  const failed = await type('npx', 'learn-backend', 'verify')
  expect(failed.code).toBe(1)
  expect(failed.output).toMatch(/✖ health/)
  expect(failed.output).toMatch(/expected\s+200 \{"status":"ok"\}/)

  const reference = join(installed, 'node_modules/learn-backend/exercises/01-languages/hello-http/reference/ts')
  await cp(reference, join(installed, 'hello-http'), { recursive: true, force: true })
  const passed = await type('npx', 'learn-backend', 'verify')
  expect(passed.output).toMatch(/✔ shutdown/)
  expect(passed.code).toBe(0)
})

test('the version and the help are there', async () => {
  const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  expect((await type('npx', 'learn-backend', '--version')).output.split('\n')[0]).toBe(version)
  expect((await type('npx', 'learn-backend', 'verify', '--help')).output).toContain('--seed')
})

test('an author gets types for the kit', async () => {
  await writeFile(
    join(installed, 'check.test.ts'),
    `import { expect } from 'vitest'
import { step, test, type App } from 'learn-backend/kit'
step('health', () => {
  test('answers', async ({ app, random }) => {
    const typed: App = app
    expect(await typed.get(\`/\${random.word()}\`)).toAnswer(200, { status: 'ok' })
    // @ts-expect-error -- there is no such fixture member
    await app.nonsense()
  })
})
`,
  )
  // The author's own Vitest and TypeScript.
  for (const name of ['vitest', '@vitest', '@types', 'chai', 'tinybench', 'vite']) {
    await symlink(join(packageRoot, 'node_modules', name), join(installed, 'node_modules', name)).catch(() => {})
  }
  const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc')
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023,esnext.disposable',
    '--types',
    'node',
    '--skipLibCheck',
    '--ignoreConfig',
  ]
  const { code, output } = await type(process.execPath, tsc, ...flags, 'check.test.ts')
  expect(output).toBe('')
  expect(code).toBe(0)
})
