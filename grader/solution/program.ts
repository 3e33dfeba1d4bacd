import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Command } from '../isolation/isolation.ts'
import { runMark } from './janitor.ts'
import { OutputLog } from './output-log.ts'
import { familyOf, firstChildOf, stillRunning } from './processes.ts'
import { isGroup, killHard, type RunScope, sendSignal } from './run-scope.ts'
import { limitIn } from './limit-in.ts'
import { exitInside, readSandboxStatus } from './sandbox-status.ts'

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
  /** The process above everything that belongs to it: its own, or the first of its sandbox. */
  root: number
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
  outputLimit,
  input,
  endSignal,
  outputFile,
}: ProgramOptions): Promise<Program> {
  const confining = scope.isolation.confine(command, scope)
  // Nothing waits where nothing has to: everybody waits for this start.
  const confined = confining instanceof Promise ? await confining : confining
  const { file, args, cwd, env, user, firstProcess, descriptors = [] } = confined
  scope.assertOpen()
  const startedAt = performance.now()
  const log = outputFile === undefined ? undefined : openSync(outputFile, 'a')
  const child = spawn(file, args, {
    cwd,
    // A pod ends as a whole; in it nobody needs to be found.
    env: scope.isolation.inPod ? env : { ...env, [runMark]: scope.id },
    stdio: [
      input ? 'pipe' : 'ignore',
      log ?? 'pipe',
      log ?? 'pipe',
      ...(firstProcess ? ['pipe' as const] : []),
      ...descriptors,
    ],
    detached: true,
    ...user,
  })
  if (log !== undefined) closeSync(log)
  if (child.pid === undefined) {
    throw await new Promise<Error>((resolve) => child.once('error', resolve))
  }
  const pid = child.pid
  scope.adopt(pid, endSignal)
  const sandbox = firstProcess ? readSandboxStatus(child.stdio[3] as Readable) : undefined
  /** The process that leads what belongs to the program. */
  let root = pid

  const output = new OutputLog(Math.min(keptOutput, outputLimit))
  const program: Program = {
    get pid() {
      return firstProcess === 'init' ? (firstChildOf(root) ?? root) : root
    },
    get root() {
      return root
    },
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
        const ms = performance.now() - startedAt
        if (sandbox?.failed && code !== null) scope.sandboxFailure ??= output.lastLines(1)[0] ?? `exit code ${code}`
        program.exit = sandbox ? { ...exitInside(code, signal, command.handlesSignals), ms } : { code, signal, ms }
        if (!program.stopped) scope.limitSeen ??= limitIn(program.exit, output.lastLines(80))
        resolve(program.exit)
      }
      child.once('exit', (exitCode, exitSignal) => {
        code = exitCode
        signal = exitSignal
        scope.isolation.programEnded?.()
        // 'close' comes when its output is read to the end; a descendant that holds the pipe open must not delay us.
        setTimeout(finish, 100).unref()
      })
      child.once('close', finish)
    }),
    write: (text) => void child.stdin?.write(text),
    endInput: () => void child.stdin?.end(),
    signal(name) {
      if (name !== 'SIGSTOP' && name !== 'SIGCONT') program.stopped = true
      sendSignal(-root, name)
    },
    async kill() {
      program.stopped = true
      let family: number[] = []
      // The end of a sandbox's first process is the end of all that are in it.
      if (firstProcess === 'init') killHard(root)
      else if (program.alive) {
        // Stopped at once, killed after a look around: a descendant that left the group is found only while its
        // parents are there, and looking takes milliseconds.
        sendSignal(-root, 'SIGSTOP')
        family = familyOf(root)
        for (const member of family) killHard(member)
      }
      killHard(-root)
      if (root !== pid) killHard(-pid)
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
  if (sandbox) {
    root = (await sandbox.firstProcess) ?? pid
    // Only when it leads a group of its own can a signal reach the program.
    while (program.alive && root !== pid && !isGroup(root)) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return program
}
