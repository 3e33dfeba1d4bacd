import { chmodSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gitIn, makeFork, writeFiles } from './forks.ts'

/** A fork whose owner changed everything but the solution, in the hope that something of it counts or runs. */
export interface TamperedFork extends AsyncDisposable {
  folder: string
  /** What ran, or was asked for, by the name of the trap. */
  sprung(): string[]
}

const passes = `import { step, test } from 'learn-backend/kit'
for (const id of ['ping', 'count', 'echo', 'unknown', 'method']) step(id, () => { test('is fine', () => {}) })
`

/** @param around an empty folder: the fork, and what must stay as it is */
export async function makeTamperedFork(around: string): Promise<TamperedFork> {
  const folder = join(around, 'fork')
  const traces = join(around, 'sprung')
  mkdirSync(folder)
  mkdirSync(traces)
  const asked: string[] = []
  const registry = await startRegistry(asked)
  const { port } = registry.address() as AddressInfo
  const trap = (name: string) => {
    writeFiles(around, { [`traps/${name}`]: `#!/bin/sh\ntouch ${traces}/${name}\n` })
    chmodSync(join(around, 'traps', name), 0o755)
    return join(around, 'traps', name)
  }
  /** A module that leaves a trace when it is loaded. */
  const module = (name: string) =>
    `import { writeFileSync } from 'node:fs'\ntry { writeFileSync('${traces}/${name}', '') } catch {}\n`
  makeFork(folder)
  const scripts = Object.fromEntries(
    ['preinstall', 'install', 'postinstall', 'prepare', 'build', 'start', 'test'].map((name) => [name, trap(name)]),
  )
  const manifest = JSON.stringify({ private: true, type: 'module', main: '../evil.js', imports: {}, scripts })
  const npmrc = `registry=http://127.0.0.1:${port}/\nscript-shell=${trap('script-shell')}\nnode-options=--import=${folder}/preload.mjs\n`
  const evilExercise = `version: 1\nid: ping\ntitle: Ping\nsummary: x\ninterface: http\nminutes: 1\nlimits: { wall_s: 1 }\nsteps:\n  - { id: ping, title: x, section: x, points: 1000 }\n`
  const kit = {
    'package.json':
      '{ "name": "learn-backend", "type": "module", "exports": { ".": "./kit.js", "./kit": "./kit.js" } }',
  }
  writeFiles(folder, {
    'learn-backend.yaml': 'version: 1\nlang: js\ncourse: ./evil\nservices:\n  driver: docker\n',
    '.learn-backend/progress.json': '{ "version": 1, "exercises": { "ping": { "passed": true } } }',
    '.github/workflows/grade.yml': 'on: push\njobs: {}\n',
    '.env': `NODE_OPTIONS=--import=${folder}/preload.mjs\n`,
    'preload.mjs': module('preload'),
    'package.json': manifest,
    'ping/package.json': manifest,
    '.npmrc': npmrc,
    'ping/.npmrc': npmrc,
    'evil/course.yaml':
      'version: 1\nid: tiny\ntitle: Mine\ntopics:\n  - id: 01-basics\n    title: x\n    exercises: [ping]\n',
    'evil/01-basics/ping/exercise.yaml': evilExercise,
    'evil/01-basics/ping/hidden/ping.test.ts': module('hidden-in-course') + passes,
    'exercises/01-basics/ping/hidden/ping.test.ts': module('hidden-in-exercises') + passes,
    'grader/index.ts': module('grader'),
    'dist/main.js': module('dist'),
    'ping/exercise.yaml': evilExercise,
    'ping/hidden/ping.test.ts': module('hidden-in-solution') + passes,
    'ping/vitest.config.ts': `${module('vitest-config')}export default {}\n`,
    'ping/vitest.setup.ts': module('vitest-setup'),
    'ping/tsconfig.json': '{ "extends": "../../../../etc/passwd", "compilerOptions": { "paths": { "*": ["/*"] } } }',
  })
  for (const place of ['node_modules', 'ping/node_modules']) {
    writeFiles(join(folder, place, 'learn-backend'), { ...kit, 'kit.js': module(`kit-in-${place.replace('/', '-')}`) })
    writeFiles(join(folder, place, 'vitest'), { 'package.json': '{ "main": "i.js" }', 'i.js': module('vitest') })
  }
  // Beside the solution; what a link in a solution leads to is another test's question.
  symlinkSync('/', join(folder, 'machine'))
  symlinkSync('../..', join(folder, 'above'))
  await bendGit(folder, trap)
  return {
    folder,
    sprung: () => [...readdirSync(traces), ...asked],
    async [Symbol.asyncDispose]() {
      registry.closeAllConnections()
      await new Promise((resolve) => registry.close(resolve))
    },
  }
}

/** Two commits, the second of which changes the solution, and settings that run something. */
async function bendGit(folder: string, trap: (name: string) => string): Promise<void> {
  const git = gitIn(folder)
  await git('init', '-q', '-b', 'main')
  await git('add', '-A', '--', ':!ping/main.js')
  await git('commit', '-qm', 'base')
  await git('tag', 'base')
  writeFiles(folder, { '.gitattributes': '* filter=evil diff=evil\n' })
  await git('add', '-A')
  await git('commit', '-qm', 'mine')
  const settings = {
    'core.fsmonitor': trap('fsmonitor'),
    'core.hooksPath': join(folder, '.git/traps'),
    'core.pager': trap('pager'),
    'core.sshCommand': trap('ssh'),
    'diff.external': trap('external-diff'),
    'diff.evil.textconv': trap('textconv'),
    'filter.evil.clean': trap('clean'),
    'filter.evil.smudge': trap('smudge'),
    'alias.diff-tree': `!${trap('alias')}`,
  }
  for (const [name, value] of Object.entries(settings)) await git('config', name, value)
  const hook = `#!/bin/sh\nexec ${trap('hook')}\n`
  for (const name of ['post-index-change', 'reference-transaction', 'post-checkout', 'pre-auto-gc']) {
    for (const place of ['hooks', 'traps']) {
      writeFiles(join(folder, '.git', place), { [name]: hook })
      chmodSync(join(folder, '.git', place, name), 0o755)
    }
  }
}

/** Something that answers as a package registry may, and remembers what it was asked. */
async function startRegistry(asked: string[]): Promise<Server> {
  const server = createServer((request, response) => {
    asked.push(`registry: ${request.method} ${request.url}`)
    response.writeHead(404).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
