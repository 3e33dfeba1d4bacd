import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import type { CourseStore } from '../exercise/course-store.ts'
import type { Exercise } from '../exercise/exercise.ts'
import type { Exit } from '../solution/program.ts'
import { runInForeground } from '../solution/run-in-foreground.ts'
import type { RunServices } from '../services/run-services.ts'
import type { ServiceSettings } from '../services/server.ts'
import { openRunScope, type RunScope } from '../solution/run-scope.ts'
import { detectSolution } from '../toolchains/index.ts'
import { UserError } from '../user-error.ts'
import { writing } from './not-writable.ts'

export interface RunRequest {
  exercise: Exercise
  /** The solution's folder, absolute. */
  folder: string
  /** Where a command line program runs; a server runs in its own folder, as when it is graded. */
  cwd: string
  /** For a command line program. */
  args: string[]
  /** For a server. */
  port: number
  /** For a server; kept from run to run. */
  dataDir: string
  hostEnvironment: Record<string, string | undefined>
  /** Where what was built is kept. */
  cache?: CourseStore
  /** How the services are started that it needs. */
  services: ServiceSettings
  onProgress?: (text: string) => void
  onListening: () => void
  signal: AbortSignal
}

/**
 * Builds and starts a solution as `verify` does, for its author to try by hand; it prints straight to our own output.
 * Returns when it has ended, with nothing of it left.
 * @throws UserError when there is nothing to start or the port is taken, BuildFailure when it does not build
 */
export async function runSolution(request: RunRequest): Promise<Exit> {
  const { exercise, folder, port, dataDir } = request
  const server = exercise.interface === 'http' || exercise.interface === 'tcp'
  if (exercise.interface === 'suite' || exercise.interface === 'files') {
    const what = exercise.interface === 'suite' ? 'a test suite' : 'a configuration'
    throw new UserError('usage', `${exercise.id} is ${what}: there is no program to start.`, {
      remedy: `To run it, type: npx learn-backend verify ${exercise.id}`,
    })
  }
  const { toolchain, main } = detectSolution(folder)
  if (server && (await isTaken(port))) {
    throw new UserError('environment', `Port ${port} is in use by another program.`, {
      remedy: `End that one, or take another port: npx learn-backend run ${exercise.id} --port ${port === 65_535 ? port - 1 : port + 1}`,
    })
  }
  await using scope = openRunScope()
  const needed = startNeeded(request, scope)
  needed?.catch(() => {})
  const { hostEnvironment, cache, onProgress } = request
  const machine = { folder, hostEnvironment, cache: cache?.folder, onProgress }
  await toolchain.prepare?.(machine)
  const launch = await toolchain.build({ ...machine, main, output: await scope.folder('build'), scope })
  await using services = await needed
  if (server) writing(dataDir, () => mkdirSync(dataDir, { recursive: true }))
  return await runInForeground({
    launch,
    scope,
    cwd: server ? folder : request.cwd,
    args: server ? [] : request.args,
    env: { ...services?.env, ...(server ? { PORT: String(port), DATA_DIR: dataDir } : {}) },
    hostEnvironment: request.hostEnvironment,
    ...(server ? { port, onListening: request.onListening } : {}),
    signal: request.signal,
  })
}

/** The services of the exercise, for as long as the program runs. */
function startNeeded(
  { exercise, services: settings, signal, onProgress }: RunRequest,
  scope: RunScope,
): Promise<RunServices> | undefined {
  if (exercise.services.length === 0) return undefined
  return import('../services/run-services.ts').then(({ startServices }) =>
    startServices({ ids: exercise.services, settings, scope, signal, onProgress }),
  )
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const answer = (taken: boolean) => {
      socket.destroy()
      resolve(taken)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
    socket.setTimeout(1000, () => answer(true))
  })
}
