import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Launch } from '../toolchains/toolchain.ts'
import { solutionEnvironment } from './environment.ts'
import { runMark } from './janitor.ts'
import type { Exit } from './program.ts'
import { killHard, type RunScope, sendSignal } from './run-scope.ts'
import { waitUntilListening } from './wait-until-listening.ts'
import { within } from './within.ts'

interface ForegroundRun {
  launch: Launch
  scope: RunScope
  cwd: string
  args: string[]
  /** Added to what every program needs of {@link hostEnvironment}. */
  env: Record<string, string>
  hostEnvironment: Record<string, string | undefined>
  /** A server listens here; a command line program has none, and reads the standard input. */
  port?: number
  /** Called once the port answers. */
  onListening?: () => void
  /** Aborting it asks the program to end (SIGTERM), and ends it 3 s later if it has not. */
  signal: AbortSignal
}

/** Milliseconds that a server has to end after SIGTERM. */
const patience = 3000

/** Runs a solution for a person who wants to try it: what it prints goes to our own output as it comes. */
export async function runInForeground(run: ForegroundRun): Promise<Exit> {
  const { launch, scope, port, signal } = run
  const startedAt = performance.now()
  const server = port !== undefined
  signal.throwIfAborted()
  const child = spawn(launch.file, [...launch.args, ...run.args], {
    cwd: run.cwd,
    env: { ...solutionEnvironment(run.hostEnvironment, { ...launch.env, ...run.env }), [runMark]: scope.id },
    stdio: [server ? 'ignore' : 'inherit', 'inherit', 'inherit'],
    // A server gets a group of its own, so that whatever it starts ends with it. A command line program must stay in
    // ours: only the group in front may read from a terminal.
    detached: server,
  })
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>
  if (child.pid === undefined) throw await ended.catch((error: unknown) => error)
  const exited = ended.then(([code, by]): Exit => ({ code, signal: by, ms: performance.now() - startedAt }))
  const target = server ? -child.pid : child.pid
  if (server) {
    scope.adopt(child.pid)
    void waitUntilListening({ exited }, port, 60_000).then((outcome) => {
      if (outcome === 'listening') run.onListening?.()
    })
  }
  const stop = async () => {
    sendSignal(target, 'SIGTERM')
    if (!(await within(exited, patience))) killHard(target)
  }
  const onAbort = () => void stop()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await exited
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
