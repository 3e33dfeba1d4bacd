import { context } from './context.ts'
import { type Connection, openConnection } from './connection.ts'
import { SolutionFailure } from './evidence.ts'
import { type HttpMethods, httpMethods } from './http-client.ts'
import type { StartOptions } from './start-options.ts'
import { lastWords, ownFrames, readableLog } from './readable-log.ts'
import { explainStart } from './explain-start.ts'
import { launchServer } from './launch-server.ts'
import type { OutputLog } from '../solution/output-log.ts'
import { residentBytes } from '../solution/processes.ts'
import { freePort } from '../solution/free-port.ts'
import type { Exit, Program } from '../solution/program.ts'
import { waitUntilListening } from '../solution/wait-until-listening.ts'
import { within } from '../solution/within.ts'

/** The solution as a running server. */
export interface App extends AsyncDisposable, HttpMethods {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly pid: number
  readonly dataDir: string
  readonly alive: boolean
  readonly exited: Promise<Exit>
  readonly output: OutputLog
  /** A raw TCP connection. */
  connect(): Promise<Connection>
  /** To the whole process group; does not wait. */
  signal(name: NodeJS.Signals): void
  /** SIGTERM, then waits for the exit. @throws SolutionFailure `timeout` when it does not come (default: 3,000 ms) */
  stop(options?: { deadline?: number }): Promise<Exit>
  /** SIGKILL, then waits until it is gone. */
  kill(): Promise<Exit>
  pause(): void
  resume(): void
  /** `kill -9` if it is alive, then a new start on the same port with the same data and environment. */
  restart(): Promise<void>
  /** Resident bytes of the program and what it started; undefined where the system does not tell. */
  memory(): number | undefined
}

/** How the current program of an app ended, if that was not the grader's doing. */
export const crashOf = Symbol('crash')

export interface InternalApp extends App {
  [crashOf](): SolutionFailure | undefined
  /** Follows the log for the current test. */
  attend(): void
}

/**
 * Starts the solution and waits until it listens.
 * @throws SolutionFailure `never_listened` or `crashed`, with the log
 */
export async function startApp(options: StartOptions = {}): Promise<InternalApp> {
  const run = context()
  const waits = options.ready !== 'none'
  if (waits && run.startFailure) throw run.startFailure
  const { pace } = run.solution.toolchain
  const deadline = options.deadline === undefined ? run.exercise.limits.start_ms : options.deadline * pace
  const plain = Object.keys(options).length === 0
  const ahead = plain ? run.headStart : undefined
  if (ahead) run.headStart = undefined
  const port = ahead?.port ?? options.port ?? (await freePort())
  const dataDir = ahead?.dataDir ?? options.dataDir ?? (await run.scope.solutionFolder('data'))

  let program = ahead ? await ahead.program : await launchServer({ run, port, dataDir, options })
  let mark = 0
  const folder = run.solution.folder
  const log = {
    lines: () => helpfulLines(program, mark, folder),
    frames: () => ownFrames(program.output.lastLines(60, program.alive ? mark : 0), folder),
  }

  const ready = async () => {
    if (!waits) return
    const outcome = await waitUntilListening(program, port, deadline)
    if (outcome === 'listening') {
      run.hasStarted = true
      run.startFailure = undefined
      return
    }
    const failure = explainStart({ outcome, program, port, deadline, folder })
    await program.kill()
    if (!run.hasStarted) run.startFailure ??= failure
    run.recorder.record(failure.evidence)
    throw failure
  }
  const crash = () => {
    if (program.flooded) return explainFlood(program, folder)
    // A test that does not wait for readiness looks at the end itself.
    if (!waits) return undefined
    return program.alive || program.stopped ? undefined : explainCrash(program, folder)
  }
  const target = {
    host: '127.0.0.1',
    port,
    async explain(failure: SolutionFailure) {
      if (failure.code === 'timeout' && program.alive) return failure
      // The end of the connection is seen a little before the end of the process.
      await within(program.exited, 150)
      const reason = crash()
      return reason
        ? new SolutionFailure(reason.code, reason.message, { ...failure.evidence, ...reason.evidence })
        : failure
    },
  }

  const app: InternalApp = {
    url: `http://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    dataDir,
    get pid() {
      return program.pid
    },
    get alive() {
      return program.alive
    },
    get exited() {
      return program.exited
    },
    get output() {
      return program.output
    },
    ...httpMethods(target),
    connect: () => openConnection(target),
    signal: (name) => program.signal(name),
    async stop({ deadline: patience = 3000 } = {}) {
      const askedAt = performance.now()
      program.signal('SIGTERM')
      const ended = await within(program.exited, patience)
      if (ended) return { ...ended, ms: performance.now() - askedAt }
      const log = program.output.lastLines(5, mark)
      await program.kill()
      throw new SolutionFailure('timeout', `The program did not end within ${patience} ms of SIGTERM.`, {
        asked: 'kill -TERM <the program>',
        expected: `it ends within ${patience} ms`,
        got: 'it was still running, and was killed',
        log: readableLog(log, folder),
      })
    },
    kill: () => program.kill(),
    pause: () => program.signal('SIGSTOP'),
    resume: () => program.signal('SIGCONT'),
    async restart() {
      await program.kill()
      program = await launchServer({ run, port, dataDir, options })
      mark = 0
      await ready()
    },
    memory: () => residentBytes(program.root),
    attend() {
      mark = program.output.totalBytes
      run.recorder.follow(log)
    },
    [crashOf]: crash,
    async [Symbol.asyncDispose]() {
      await program.kill()
    },
  }
  app.attend()
  mark = 0
  await ready()
  return app
}

/** What the program said on stderr during a test, or all of its last words when it is gone. */
function helpfulLines(program: Program, mark: number, folder: string): string[] {
  return readableLog(program.output.lastLines(60, program.alive ? mark : 0), folder).slice(-8)
}

function explainCrash(program: Program, folder: string): SolutionFailure {
  const lines = program.output.lastLines(40)
  const end = program.exit?.signal ? `was ended by ${program.exit.signal}` : `exited with code ${program.exit?.code}`
  return new SolutionFailure('crashed', `The program crashed: it ${end} while it was being used.`, {
    expected: 'the program keeps running',
    got: `it ${end}`,
    log: lastWords(readableLog(lines, folder), 12),
    stack: ownFrames(lines, folder),
  })
}

function explainFlood(program: Program, folder: string): SolutionFailure {
  const megabytes = Math.round(program.output.totalBytes / 2 ** 20)
  return new SolutionFailure('flooded', `The program was stopped because it printed more than ${megabytes} MB.`, {
    expected: 'a few lines of log for each request',
    got: `more than ${megabytes} MB of output`,
    notes: ['Look for a print in a loop that never ends.'],
    log: readableLog(program.output.lastLines(3), folder),
  })
}
