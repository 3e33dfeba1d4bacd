import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Command, Isolation } from '../isolation/index.ts'
import { runMark } from './janitor.ts'
import { OutputLog } from './output-log.ts'
import { familyOf, stillRunning } from './processes.ts'
import { killHard, type RunScope, sendSignal } from './run-scope.ts'

/** How a program ended. */
export interface Exit {
  code: number | null
  signal: string | null
  /** Milliseconds since its start. */
  ms: number
}

/** A started program of the solution, with everything that it printed. */
export interface Program extends AsyncDisposable {
  pid: number
  alive: boolean
  output: OutputLog
  exited: Promise<Exit>
  /** Set once it has ended. */
  exit: Exit | undefined
  /** True when the grader ended it because it printed more than it may. */
  flooded: boolean
  /** Set when the grader itself sent the signal that ended it: then the exit is no crash. */
  stopped: boolean
  write(text: string | Uint8Array): void
  endInput(): void
  /** Sends a signal to the whole process group; does not wait. */
  signal(name: NodeJS.Signals): void
  /** SIGKILL to the group and to every descendant, then waits until the program is gone. */
  kill(): Promise<Exit>
}

export interface ProgramOptions {
  command: Command
  scope: RunScope
  isolation: Isolation
  /** Bytes of output after which the program is ended as flooding. */
  outputLimit: number
  /** Give it a standard input (else it reads end-of-file at once). */
  input?: boolean
  /** A file that gets its output, instead of {@link Program.output}. */
  outputFile?: string
  /** What the janitor sends before it kills: the program leaves something behind otherwise. */
  endSignal?: NodeJS.Signals
}

/** Bytes of output kept in memory from the beginning, and again from the end. */
const keptOutput = 512 * 1024

/**
 * Starts a program in a process group of its own, drains its output and registers it with the scope.
 * @throws when the program can't be started at all, with the system's code (`ENOENT`, `EACCES` ...)
 */
export async function startProgram({
  command,
  scope,
  isolation,
  outputLimit,
  input,
  endSignal,
  outputFile,
}: ProgramOptions): Promise<Program> {
  const { file, args, cwd, env, user } = isolation.confine(command)
  scope.assertOpen()
  const startedAt = performance.now()
  const log = outputFile === undefined ? undefined : openSync(outputFile, 'a')
  const child = spawn(file, args, {
    cwd,
    env: { ...env, [runMark]: scope.id },
    stdio: [input ? 'pipe' : 'ignore', log ?? 'pipe', log ?? 'pipe'],
    detached: true,
    ...user,
  })
  if (log !== undefined) closeSync(log)
  if (child.pid === undefined) {
    throw await new Promise<Error>((resolve) => child.once('error', resolve))
  }
  const pid = child.pid
  scope.adopt(pid, endSignal)

  const output = new OutputLog(Math.min(keptOutput, outputLimit))
  const program: Program = {
    pid,
    alive: true,
    output,
    exit: undefined,
    flooded: false,
    stopped: false,
    exited: new Promise((resolve) => {
      let code: number | null = null
      let signal: string | null = null
      const finish = () => {
        if (!program.alive) return
        program.alive = false
        program.exit = { code, signal, ms: performance.now() - startedAt }
        resolve(program.exit)
      }
      child.once('exit', (exitCode, exitSignal) => {
        code = exitCode
        signal = exitSignal
        // 'close' comes when its output is read to the end; a descendant that holds the pipe open must not delay us.
        setTimeout(finish, 100).unref()
      })
      child.once('close', finish)
    }),
    write: (text) => void child.stdin?.write(text),
    endInput: () => void child.stdin?.end(),
    signal(name) {
      if (name !== 'SIGSTOP' && name !== 'SIGCONT') program.stopped = true
      sendSignal(-pid, name)
    },
    async kill() {
      program.stopped = true
      let family: number[] = []
      if (program.alive) {
        // Stopped at once, killed after a look around: a descendant that left the group is found only while its
        // parents are there, and looking takes milliseconds.
        sendSignal(-pid, 'SIGSTOP')
        family = familyOf(pid)
        for (const member of family) killHard(member)
      }
      killHard(-pid)
      const exit = await program.exited
      // A server may be a grandchild of what was started, and hold its port for some milliseconds more.
      const patience = performance.now() + 2000
      while (stillRunning(family).length > 0 && performance.now() < patience)
        await new Promise((resolve) => setTimeout(resolve, 2))
      scope.release(pid)
      return exit
    },
    async [Symbol.asyncDispose]() {
      await program.kill()
    },
  }
  const collect = (stream: 'stdout' | 'stderr') => (bytes: Buffer) => {
    output.push(stream, bytes)
    if (output.totalBytes > outputLimit && !program.flooded) {
      program.flooded = true
      void program.kill()
    }
  }
  child.stdout?.on('data', collect('stdout'))
  child.stderr?.on('data', collect('stderr'))
  // A program that does not read its input closes the pipe: that is its right.
  child.stdin?.on('error', () => {})
  child.on('error', () => {})
  return program
}
