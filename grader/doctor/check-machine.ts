import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ownPackage } from '../package-root.ts'
import { startProgram } from '../solution/program.ts'
import { openRunScope } from '../solution/run-scope.ts'
import { within } from '../solution/within.ts'
import { toolchains } from '../toolchains/index.ts'
import type { Machine, Toolchain } from '../toolchains/toolchain.ts'
import type { Check, Finding } from './check.ts'

const run = promisify(execFile)

export const nodeVersion: Check = {
  name: 'Node.js',
  about: 'machine',
  async check() {
    const manifest = JSON.parse(readFileSync(join(ownPackage().root, 'package.json'), 'utf8'))
    const needed = /\d+\.\d+/.exec(String(manifest.engines?.node))?.[0] ?? '20.19'
    const { node } = process.versions
    if (isAtLeast(node, needed)) return { status: 'ok', message: `version ${node}` }
    return {
      status: 'problem',
      message: `version ${node}; ${needed} or newer is needed`,
      remedy: 'Install the current LTS from https://nodejs.org',
    }
  },
}

function isAtLeast(version: string, needed: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number)
  return major > neededMajor || (major === neededMajor && minor >= neededMinor)
}

export const languages: Check = {
  name: 'Languages',
  about: 'machine',
  async check({ services }) {
    const trials = await Promise.all(Object.values<Toolchain>(toolchains).map((each) => tryToolchain(each, services)))
    const broken = trials.filter(({ reason, installed }) => installed && reason !== undefined)
    const works = trials.flatMap(({ works: words }) => words ?? []).join(', ')
    const absent = trials.filter(({ installed }) => !installed)
    if (broken.length === 0) {
      const others = absent.map(({ name, reason }) => `${name} (${reason})`).join(', ')
      return { status: 'ok', message: others === '' ? works : `${works}; not here: ${others}` }
    }
    return {
      status: 'problem',
      message: broken.map(({ name, reason }) => `${name} can't be built here: ${reason}`).join('; '),
      remedy:
        'Install learn-backend again on this machine (its builder is made for one operating system): npm install learn-backend',
    }
  },
}

interface Trial {
  name: string
  installed: boolean
  works?: string
  reason?: string
}

/** Asks what must be installed apart for its version; builds the smallest program there is with what we bring ourselves. */
async function tryToolchain(toolchain: Toolchain, machine: Pick<Machine, 'hostEnvironment' | 'cache'>): Promise<Trial> {
  const { name, packages } = toolchain
  const { hostEnvironment, cache } = machine
  if (packages) {
    try {
      return { name, installed: true, works: `${name} (${await toolchain.version({ hostEnvironment, cache })})` }
    } catch (error) {
      const { remedy } = error as { remedy?: string }
      return { name, installed: false, reason: remedy?.replace(/^Type: /, '') ?? firstLine(error) }
    }
  }
  const [main] = toolchain.mainFiles
  const scratch = mkdtempSync(join(tmpdir(), 'learn-backend-doctor-'))
  try {
    writeFileSync(join(scratch, main as string), '')
    await using scope = openRunScope()
    await toolchain.build({ folder: scratch, main: main as string, output: scratch, scope, hostEnvironment })
    return { name, installed: true, works: `${name} (${await toolchain.version({ hostEnvironment })})` }
  } catch (error) {
    return { name, installed: true, reason: firstLine(error) }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

export const temporaryFiles: Check = {
  name: 'Temporary files',
  about: 'machine',
  async check() {
    const folder = tmpdir()
    try {
      const scratch = mkdtempSync(join(folder, 'learn-backend-doctor-'))
      writeFileSync(join(scratch, 'file'), 'x')
      rmSync(scratch, { recursive: true })
      return { status: 'ok', message: `${folder} can be written` }
    } catch (error) {
      return {
        status: 'problem',
        message: `${folder} can't be written: ${firstLine(error)}`,
        remedy: 'Make room there, or name another folder in the environment variable TMPDIR',
      }
    }
  },
}

export const ports: Check = {
  name: 'Network',
  about: 'machine',
  async check() {
    try {
      const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
      await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
      const { port } = server.address() as { port: number }
      await new Promise((resolve, reject) =>
        connect(port, '127.0.0.1').once('connect', resolve).once('error', reject).resume(),
      )
      server.close()
      return { status: 'ok', message: 'ports on 127.0.0.1 can be opened and reached' }
    } catch (error) {
      return {
        status: 'problem',
        message: `a port on 127.0.0.1 can't be used: ${firstLine(error)}`,
        remedy: 'Look for a firewall or a sandbox that forbids programs to listen on 127.0.0.1',
      }
    }
  },
}

export const processes: Check = {
  name: 'Processes',
  about: 'machine',
  async check() {
    try {
      await using scope = openRunScope()
      const program = await startProgram({
        // A child in the same group has to go as well.
        command: {
          file: '/bin/sh',
          args: ['-c', 'sleep 60 & sleep 60'],
          cwd: scope.scratch,
          env: { PATH: '/usr/bin:/bin' },
        },
        scope,
        outputLimit: 1024,
      })
      if (await within(program.kill(), 3000))
        return { status: 'ok', message: 'programs can be started and ended (/bin/sh)' }
      return unstoppable('it is still there 3 s after a kill -9')
    } catch (error) {
      return unstoppable(firstLine(error))
    }
  },
}

function unstoppable(reason: string): Finding {
  return {
    status: 'problem',
    message: `/bin/sh can't be started and ended: ${reason}`,
    remedy: 'learn-backend needs a POSIX shell as /bin/sh, and the right to end its own programs; on Windows, use WSL',
  }
}

export const git: Check = {
  name: 'git',
  about: 'machine',
  async check() {
    try {
      const { stdout } = await run('git', ['--version'], { timeout: 5000 })
      return { status: 'ok', message: stdout.trim() }
    } catch {
      return {
        status: 'note',
        message: 'not found; nothing here needs it',
        remedy: 'To keep the history of your work, install it from https://git-scm.com',
      }
    }
  },
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
