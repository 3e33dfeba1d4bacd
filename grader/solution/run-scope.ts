import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Isolation, LimitHit } from '../isolation/isolation.ts'
import { none } from '../isolation/none.ts'
import { UserError } from '../user-error.ts'
import { type Janitor, startJanitor } from './janitor.ts'
import { markedWith } from './processes.ts'

/** Everything that one grading starts or writes belongs to its scope and is gone when the scope ends. */
export interface RunScope {
  /** Stands in the environment of every process of the run. */
  id: string
  /** The run's own folder; every other temporary folder lies in it. */
  scratch: string
  /** How its programs are confined. */
  isolation: Isolation
  /** Why a sandbox could not be made: then no verdict means anything. */
  sandboxFailure: string | undefined
  /** The first limit that ended a program, as far as its end tells. */
  limitSeen: LimitHit | undefined
  /** A process group now belongs to the run. @param endSignal what to send its leader before it is killed */
  adopt(group: number, endSignal?: NodeJS.Signals): void
  /** Run at the end if the grader can't: a module of ours, with the run's id and its folder as arguments. */
  reapWith(module: string): void
  /** An empty folder that is removed at the end even if the grader can't: a control group. */
  removeAtEnd(folder: string): void
  /** A process group is gone. */
  release(group: number): void
  /** A new empty folder. @throws when the scope has ended */
  folder(name: string): Promise<string>
  /** A new empty folder in which the solution may write. @throws when the scope has ended */
  solutionFolder(name: string): Promise<string>
  /** @throws when the scope has ended: whatever was started now would outlive it */
  assertOpen(): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a scope.
 * @param options.tmp where scratch folders go; default: the system's
 * @throws UserError `environment` when nothing can be written there
 */
export function openRunScope({
  tmp = tmpdir(),
  isolation = none,
}: { tmp?: string; isolation?: Isolation } = {}): RunScope {
  const id = randomBytes(6).toString('hex')
  const scratch = join(tmp, `learn-backend-run-${id}`)
  // Before the folder: a grader that is killed between the two would leave it.
  const janitor: Janitor = startJanitor(id, scratch)
  try {
    makeScratch(scratch)
  } catch (error) {
    void janitor[Symbol.asyncDispose]()
    throw error
  }
  const groups = new Set<number>()
  let folders = 0
  let ended = false
  const assertOpen = () => {
    if (ended) throw new DOMException('the run has ended', 'AbortError')
  }
  const newFolder = async (above: string, name: string) => {
    assertOpen()
    for (;;) {
      const path = join(above, `${++folders}-${name}`)
      try {
        // A folder of this name, or a link, may have been made by the solution.
        await mkdir(path)
        return path
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
    }
  }
  return {
    id,
    scratch,
    isolation,
    sandboxFailure: undefined,
    limitSeen: undefined,
    assertOpen,
    adopt(group, endSignal) {
      groups.add(group)
      janitor.watch(group, endSignal)
    },
    reapWith: (module) => janitor.reapWith(module),
    removeAtEnd: (folder) => janitor.removeAtEnd(folder),
    release(group) {
      groups.delete(group)
      janitor.release(group)
    },
    folder: (name) => newFolder(scratch, name),
    solutionFolder: (name) => newFolder(isolation.room ?? scratch, name),
    async [Symbol.asyncDispose]() {
      ended = true
      for (const group of groups) killHard(-group)
      // Escaped processes may fork while they are being looked for: look until none is left.
      for (let round = 0; round < 20; round++) {
        const escaped = markedWith(id)
        if (escaped.length === 0) break
        for (const pid of escaped) killHard(pid)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await rm(scratch, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 })
      await janitor[Symbol.asyncDispose]()
    },
  }
}

function makeScratch(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
    // For `services prune`, should the machine die.
    writeFileSync(join(folder, 'owner'), String(process.pid))
  } catch (error) {
    const tmp = dirname(folder)
    throw new UserError('environment', `Temporary files can't be written to ${tmp}: ${(error as Error).message}`, {
      remedy: 'Make room there, or name another folder in the environment variable TMPDIR.',
      cause: error,
    })
  }
}

/** SIGKILL to a process, or to a group when negative; one that is already gone is no error. */
export function killHard(pid: number): void {
  sendSignal(pid, 'SIGKILL')
}

/** Whether there is a process group of this number. */
export function isGroup(group: number): boolean {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

/** A signal to a process, or to a group when negative; one that is already gone is no error. */
export function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // gone already
  }
}
