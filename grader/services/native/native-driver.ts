import { execFile } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { chmod, chown, mkdir, realpath, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Command } from '../../isolation/isolation.ts'
import { ownPackage } from '../../package-root.ts'
import { freePort } from '../../solution/free-port.ts'
import { runMark } from '../../solution/janitor.ts'
import { familyOf } from '../../solution/processes.ts'
import { type Program, startProgram } from '../../solution/program.ts'
import { sendSignal } from '../../solution/run-scope.ts'
import { within } from '../../solution/within.ts'
import { UserError } from '../../user-error.ts'
import type { Layout, NativeRecipe, Ports, ServiceDefinition } from '../service.ts'
import type { DriverId, Server, ServiceDriver, ServiceSettings, StartRequest } from '../server.ts'
import { waitUntilReady } from '../wait-until-ready.ts'
import { findProgram } from './find-program.ts'
import { howToInstall } from '../../how-to-install.ts'
import { readableCache, unprivilegedUser } from './service-user.ts'

const execute = promisify(execFile)

/** Milliseconds until a server must answer. */
const patience = { quick: 15_000, slow: 90_000 }

/** Servers as child processes: whatever is installed on this machine. */
export const native: ServiceDriver = {
  id: 'native',
  async available(definition, settings) {
    const program = installedProgram(definition.native, settings)
    if (program === undefined) {
      return {
        ok: false,
        reason: `${definition.native.programs[0]} is not installed`,
        remedy: howToInstall(definition.native.packages),
      }
    }
    return { ok: true, version: await versionOf(definition, program) }
  },
  reach: () => Promise.resolve((port) => `127.0.0.1:${port}`),
  async start(request) {
    const { definition, settings } = request
    const program = installedProgram(definition.native, settings)
    if (program === undefined) {
      throw new UserError('environment', `${definition.name} (${definition.native.programs[0]}) is not installed.`, {
        remedy: howToInstall(definition.native.packages),
      })
    }
    return startProcess(request, { driver: 'native', program, version: await versionOf(definition, program) })
  },
  async runTool({ definition, settings, scope, command: [tool = '', ...args], files = {}, stdin }) {
    const server = installedProgram(definition.native, settings)
    const program = findProgram([tool], {
      places: server ? [join(server, '..')] : [],
      placesFirst: true,
      path: settings.hostEnvironment['PATH'],
    })
    if (program === undefined) {
      throw new UserError('environment', `${tool}, which belongs to ${definition.name}, is not installed.`, {
        remedy: howToInstall(definition.native.packages),
      })
    }
    const folder = await scope.folder(`${definition.id}-tool`)
    await writeFiles(folder, files)
    const running = await startProgram({
      command: {
        file: program,
        args,
        cwd: folder,
        env: serverEnvironment(settings, {}),
        ...confinedTo(folder, program),
      },
      scope,
      outputLimit: 16 * 2 ** 20,
      input: true,
    })
    if (stdin !== undefined) running.write(stdin)
    running.endInput()
    const exit = await within(running.exited, 30_000)
    await running.kill()
    return { exitCode: exit?.code ?? null, stdout: running.output.stdout, stderr: running.output.stderr }
  },
}

function installedProgram(recipe: NativeRecipe, settings: ServiceSettings): string | undefined {
  return findProgram(recipe.programs, {
    places: recipe.places ?? [],
    placesFirst: recipe.placesFirst,
    path: settings.hostEnvironment['PATH'],
  })
}

const versions = new Map<string, Promise<string>>()

/** The version that a program says of itself; asked once per process. */
function versionOf({ native: { version } }: ServiceDefinition, program: string): Promise<string> {
  let known = versions.get(program)
  if (!known) {
    const { args, pattern } = version
    known = (async () => {
      const text = args
        ? await execute(program, args, { timeout: 10_000 }).then(
            ({ stdout, stderr }) => stdout + stderr,
            () => '',
          )
        : realpathSync(program)
      return pattern.exec(text)?.[1] ?? 'unknown'
    })()
    versions.set(program, known)
  }
  return known
}

/** What a server may see and write where programs are confined. */
function confinedTo(folder: string, program: string): Pick<Command, 'role' | 'readable' | 'writable'> {
  const home = dirname(dirname(realpathSync(program)))
  const { root } = ownPackage()
  // Our stand-ins need our own packages.
  return { role: 'service', readable: [home.startsWith(root) ? root : home], writable: [folder] }
}

/** A program to start as a server. */
export interface Installed {
  driver: DriverId
  program: string
  version: string
}

/** Starts an installed server as a child process and waits until it answers. */
export async function startProcess(request: StartRequest, { driver, program, version }: Installed): Promise<Server> {
  const { definition, settings, scope, signal } = request
  const recipe = definition.native
  const folder = await scope.folder(definition.id)
  const user = recipe.unprivileged ? unprivilegedUser() : undefined
  if (user) {
    // It must pass through the run's folder to its own.
    await chmod(scope.scratch, 0o711)
    await chown(folder, user.uid, user.gid)
  }
  // A server that gives up being root for its workers keeps files for them here.
  if (recipe.logsToFile && process.getuid?.() === 0) await chmod(scope.scratch, 0o711)
  await chmod(folder, recipe.logsToFile ? 0o755 : 0o700)
  // Apart from its own folder: whoever makes a server run code must not choose what is read as its log.
  const logFile = recipe.logsToFile ? join(await scope.folder(`${definition.id}-log`), 'output.log') : undefined
  await writeFiles(folder, request.files ?? {})
  const ports: Ports = { main: 0, ...request.ports }
  for (const name of [...Object.keys(definition.container.ports), ...(recipe.ports ?? [])])
    ports[name] ||= await freePort()
  const layout: Layout = {
    folder,
    bind: '127.0.0.1',
    ports,
    published: ports,
    advertised: { host: '127.0.0.1', port: request.advertisedPort ?? ports.main },
  }
  const cache = readableCache(settings.cache, user)
  await mkdir(cache, { recursive: true })
  await recipe.prepare?.(layout, {
    program,
    version,
    cache,
    ...(user ? { user } : {}),
    async run(file, args) {
      try {
        // With the run's mark: should the grader die, the janitor must end it before it clears the folder.
        const env = serverEnvironment(settings, { [runMark]: scope.id })
        await execute(file, args, { cwd: folder, env, timeout: 60_000, ...user })
      } catch (error) {
        const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message
        throw new UserError(
          'environment',
          `${definition.name} could not be prepared: ${basename(file)} said:\n${said}`,
          {
            remedy: `Use another driver: --services ${driver === 'docker' ? 'native' : 'docker'}`,
            cause: error,
          },
        )
      }
    },
  })

  let process_: Program | undefined
  let paused: number[] = []
  const launch = async () => {
    const { args, env } = recipe.command(layout)
    const started = await startProgram({
      command: {
        file: program,
        args,
        cwd: folder,
        env: serverEnvironment(settings, env ?? {}),
        ...confinedTo(folder, program),
        ...(user ? { user } : {}),
      },
      scope,
      // What it prints is kept only in part; a server may talk as much as it likes.
      outputLimit: Number.MAX_SAFE_INTEGER,
      ...(recipe.endSignal ? { endSignal: recipe.endSignal } : {}),
      ...(logFile ? { outputFile: logFile } : {}),
    })
    process_ = started
    const { outcome, reason } = await waitUntilReady({
      definition,
      host: '127.0.0.1',
      ports,
      deadline: definition.slow ? patience.slow : patience.quick,
      signal,
      ended: started.exited,
    })
    if (outcome === 'ready') return
    await started.kill()
    const log = lines(8)
    throw startFailure(definition, { outcome, reason, log, exit: started.exit?.code ?? null, driver })
  }
  const lines = (count: number): string[] => {
    if (!logFile) return process_?.output.lastLines(count) ?? []
    return readTail(logFile).split('\n').filter(Boolean).slice(-count)
  }
  const wake = () => {
    for (const pid of paused) sendSignal(pid, 'SIGCONT')
    paused = []
  }
  const end = async () => {
    wake()
    if (process_?.alive && recipe.endSignal) {
      process_.stopped = true
      sendSignal(process_.pid, recipe.endSignal)
      await within(process_.exited, 1000)
    }
    await process_?.kill()
  }
  await launch()
  return {
    service: definition.id,
    driver,
    version,
    host: '127.0.0.1',
    ports,
    failure: () =>
      Promise.resolve(
        process_ && !process_.alive && !process_.stopped
          ? `it ended (${process_.exit?.signal ?? `exit code ${process_.exit?.code}`})\n${lines(6).join('\n')}`
          : undefined,
      ),
    log: () => Promise.resolve(lines(200)),
    // PostgreSQL's SIGQUIT is as sudden as a kill: nothing is written any more, and the next start recovers from the log.
    stop: end,
    start: () => (process_?.alive ? Promise.resolve() : launch()),
    pause() {
      // PostgreSQL's processes are each in a group of their own.
      paused = process_ ? familyOf(process_.root) : []
      for (const pid of paused) sendSignal(pid, 'SIGSTOP')
      return Promise.resolve()
    },
    resume: () => Promise.resolve(wake()),
    signal: (name) => Promise.resolve(process_ && sendSignal(process_.pid, name)),
    write: (files) => writeFiles(folder, files),
    async reset() {
      await definition.reset?.('127.0.0.1', ports)
    },
    [Symbol.asyncDispose]: end,
  }
}

interface FailedStart {
  outcome: 'ended' | 'late'
  reason: string | undefined
  log: string[]
  exit: number | null
  driver: DriverId
}

/** A server was started and never answered. */
export class StartFailure extends UserError {
  readonly outcome: 'ended' | 'late'
  readonly log: string[]

  constructor(message: string, { outcome, log, driver }: FailedStart) {
    super('environment', message, {
      remedy: `Look at that, or use another driver: --services ${driver === 'docker' ? 'native' : 'docker'}`,
    })
    this.outcome = outcome
    this.log = log
  }
}

/** Says what a server printed before it ended, or while it was waited for. */
export function startFailure(definition: ServiceDefinition, failed: FailedStart): StartFailure {
  const { outcome, reason, log, exit, driver } = failed
  const what =
    outcome === 'ended'
      ? `ended at once${exit === null ? '' : ` (exit code ${exit})`}`
      : `did not answer in time (${reason})`
  const said = log.length > 0 ? `It said:\n${log.map((line) => `  ${line}`).join('\n')}` : 'It printed nothing.'
  return new StartFailure(`${definition.name} was started (${driver}) and ${what}. ${said}`, failed)
}

async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name)
    await mkdir(dirname(file), { recursive: true })
    // The server may write here, too: what is written goes into a new file, through no link of its making.
    if (!(await realpath(dirname(file))).startsWith(await realpath(folder))) throw new Error(`${file} leads elsewhere`)
    await rm(file, { force: true })
    await writeFile(file, text, { flag: 'wx' })
  }
}

/** Bytes of a log that are looked at. */
const tail = 256 * 1024

function readTail(file: string): string {
  const fd = openSync(file, 'r')
  try {
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.min(size, tail))
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, size - bytes.length))
  } finally {
    closeSync(fd)
  }
}

/** A server sees no more of the machine than it needs. */
function serverEnvironment({ hostEnvironment }: ServiceSettings, own: Record<string, string>): Record<string, string> {
  const names = ['PATH', 'LANG', 'TZ', 'TMPDIR', 'JAVA_HOME', 'HOME']
  const inherited = names.flatMap((name) => {
    const value = hostEnvironment[name]
    return value === undefined ? [] : [[name, value]]
  })
  return { ...Object.fromEntries(inherited), ...own } as Record<string, string>
}
