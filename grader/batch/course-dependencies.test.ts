import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { builtInCourse } from '../exercise/course-store.ts'
import { ownPackage } from '../package-root.ts'
import type { UserError } from '../user-error.ts'
import { courseDependencies, explainMissing, providedPackages } from './course-dependencies.ts'

let around: string
let course: string
let cache: string
let registry: Server
/** Paths that were asked for. */
let asked: string[]
let answering = true

beforeEach(async () => {
  around = mkdtempSync(join(tmpdir(), 'learn-backend-test-'))
  course = join(around, 'course')
  cache = join(around, 'cache')
  mkdirSync(join(course, 'dependencies'), { recursive: true })
  asked = []
  answering = true
  const tarball = packGreet()
  registry = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (!answering) return
    if (request.url?.endsWith('.tgz')) return response.end(tarball)
    const { port } = registry.address() as AddressInfo
    const dist = { tarball: `http://127.0.0.1:${port}/greet/-/greet-1.0.0.tgz`, integrity: integrityOf(tarball) }
    const version = { name: 'greet', version: '1.0.0', hasInstallScript: true, dist }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name: 'greet', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } }))
  }).listen(0, '127.0.0.1')
  await once(registry, 'listening')
  provide({ greet: '1.0.0' }, integrityOf(tarball))
})
afterEach(() => {
  registry.closeAllConnections()
  registry.close()
  rmSync(around, { recursive: true })
})

const integrityOf = (bytes: Buffer) => `sha512-${createHash('sha512').update(bytes).digest('base64')}`

/** A package whose installation leaves a trace when its script is run. */
function packGreet(): Buffer {
  const folder = join(around, 'package')
  mkdirSync(folder)
  const scripts = { install: `touch ${join(around, 'script-was-run')}` }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'greet', version: '1.0.0', scripts }))
  writeFileSync(join(folder, 'index.js'), 'module.exports = () => "hello"\n')
  execFileSync('tar', ['-czf', join(around, 'greet.tgz'), '-C', around, 'package'])
  return readFileSync(join(around, 'greet.tgz'))
}

function provide(dependencies: Record<string, string>, integrity: string): void {
  const packages = { '': { dependencies }, 'node_modules/greet': { version: '1.0.0', integrity } }
  const lock = { name: 'small', lockfileVersion: 3, requires: true, packages }
  writeFileSync(join(course, 'dependencies/package.json'), JSON.stringify({ private: true, dependencies }))
  writeFileSync(join(course, 'dependencies/package-lock.json'), JSON.stringify(lock))
}

function install(signal?: AbortSignal): Promise<string | undefined> {
  const { port } = registry.address() as AddressInfo
  const hostEnvironment = {
    PATH: process.env['PATH'],
    HOME: around,
    npm_config_registry: `http://127.0.0.1:${port}/`,
    npm_config_fetch_retries: '0',
    npm_config_cache: join(around, 'npm-cache'),
  }
  return courseDependencies({ course, cache, hostEnvironment, signal })
}

const caught = (action: Promise<unknown>) => action.catch((error: unknown) => error) as Promise<UserError>
const unfinished = () => readdirSync(join(cache, 'packages')).filter((name) => name.includes('.'))

test('packages are installed once, as the lock file says, without running their scripts', async () => {
  const folder = (await install()) ?? ''
  const file = join(folder, 'node_modules/greet/index.js')
  expect(readFileSync(file, 'utf8')).toContain('hello')
  expect(statSync(file).mode & 0o777).toBe(0o644)
  expect(statSync(folder).mode & 0o777).toBe(0o755)
  expect(readdirSync(around)).not.toContain('script-was-run')
  asked = []
  expect(await install()).toBe(folder)
  expect(asked).toEqual([])
})

test('two graders at once end with the same, whole folder', async () => {
  const [left, right] = await Promise.all([install(), install()])
  expect(left).toBe(right)
  expect(readdirSync(join(left ?? '', 'node_modules'))).toContain('greet')
  expect(unfinished()).toEqual([])
})

test('a torn folder is never used', async () => {
  const folder = (await install()) ?? ''
  rmSync(join(folder, 'node_modules/.package-lock.json'))
  rmSync(join(folder, 'node_modules/greet'), { recursive: true })
  const second = (await install()) ?? ''
  expect(second).not.toBe(folder)
  expect(readdirSync(join(second, 'node_modules'))).toContain('greet')
  expect(await install()).toBe(second)
})

test('an abort ends the installation with its reason, and leaves nothing', async () => {
  answering = false
  const controller = new AbortController()
  const installing = caught(install(controller.signal))
  while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  const reason = new Error('enough')
  controller.abort(reason)
  expect(await installing).toBe(reason)
  expect(unfinished()).toEqual([])
})

test('another content than the lock file names is not installed', async () => {
  provide({ greet: '1.0.0' }, integrityOf(Buffer.from('another')))
  expect(await caught(install())).toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/integrity|EINTEGRITY|sha512/i),
  })
  expect(unfinished()).toEqual([])
})

test('a registry that is away is told with what to type', async () => {
  registry.close()
  registry.closeAllConnections()
  const address = registry.address()
  expect(address).toBeNull()
  const hostEnvironment = {
    PATH: process.env['PATH'],
    HOME: around,
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_fetch_retries: '0',
  }
  const error = await caught(courseDependencies({ course, cache, hostEnvironment }))
  expect(error).toMatchObject({ code: 'environment', remedy: expect.stringContaining('npm ci --ignore-scripts') })
})

test('a course without packages of its own needs none', async () => {
  provide({}, '')
  expect(await install()).toBeUndefined()
  rmSync(join(course, 'dependencies'), { recursive: true })
  expect(await install()).toBeUndefined()
  expect(providedPackages(course)).toEqual([])
})

test.each([
  ['no lock file', () => rmSync(join(course, 'dependencies/package-lock.json')), 'is missing'],
  [
    'a lock file of before',
    () => writeFileSync(join(course, 'dependencies/package.json'), '{"dependencies":{"greet":"2.0.0"}}'),
    'does not belong to',
  ],
  ['no JSON', () => writeFileSync(join(course, 'dependencies/package.json'), '{'), 'is not valid'],
  ['another JSON', () => writeFileSync(join(course, 'dependencies/package.json'), '[]'), 'it is not an object'],
] as [string, () => void, string][])('%s: the course is invalid', async (_, spoil, why) => {
  spoil()
  const error = await caught(install())
  expect(error).toMatchObject({
    code: 'invalid_course',
    remedy: expect.stringContaining('npm install --package-lock-only'),
  })
  expect(error.message).toContain(why)
  expect(asked).toEqual([])
})

test('the built-in course provides all that its exercises ask for, in the versions that they were tested with', () => {
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>
  const own = read(join(ownPackage().root, 'package.json'))['devDependencies'] ?? {}
  const provided = read(join(builtInCourse, 'dependencies/package.json'))['dependencies'] ?? {}
  for (const [name, version] of Object.entries(provided)) expect(`${name}@${version}`).toBe(`${name}@${own[name]}`)
  const manifests = readdirSync(builtInCourse, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\/(starter|reference)\/\w+\/package\.json$/.test(name),
  )
  const names = manifests.flatMap((name) => Object.keys(read(join(builtInCourse, name))['dependencies'] ?? {}))
  expect(explainMissing(names, providedPackages(builtInCourse))).toBeUndefined()
  // Suites of write-the-tests may be written for these.
  const runners = ['jest', 'vitest']
  expect(new Set([...names, ...runners])).toEqual(new Set(providedPackages(builtInCourse)))
})

test('what a solution asks for and does not get is explained, with what there is', () => {
  expect(explainMissing(['pg', 'ioredi', 'a\u001b[31m'], ['ioredis', 'pg'])).toBe(
    'package.json asks for a\\u{1b}[31m, ioredi (did you mean ioredis?), which this course does not provide. A graded ' +
      "solution gets the course's own packages only, never its own node_modules. Those of this course: ioredis, pg.",
  )
  expect(explainMissing(['left-pad'], [])).toMatch(/asks for left-pad, .* This course provides none/)
  const many = Array.from({ length: 1000 }, (_, index) => `p${index}`)
  expect(explainMissing(many, [])).toMatch(/and 990 more/)
  expect(explainMissing(['pg'], ['pg'])).toBeUndefined()
})
