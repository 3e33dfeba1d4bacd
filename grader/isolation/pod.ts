import type { Readable, Writable } from 'node:stream'
import type { PodServers } from '../services/docker/pod-servers.ts'
import type { RunScope } from '../solution/run-scope.ts'
import type { Limits } from './isolation.ts'
import type { PodSettings } from './pod-settings.ts'

/** What a pod is opened for. */
export interface PodRequest {
  /** Everything that is started belongs to it. */
  scope: RunScope
  limits: Limits
  /** A copy of the solution that nobody else writes, absolute. */
  solution: string
  /** What the grader needs to see in the pod beside its own package: the course. */
  readable: string[]
  /** The `node_modules` that the course provides to solutions, absolute. */
  packages?: string | undefined
  /** Folders of languages that are installed apart from the system; a container's image has its own. */
  languages?: string[]
}

/** A place with a private network in which one solution is graded: the grader's process enters it. */
export interface Pod extends AsyncDisposable {
  settings: PodSettings
  /** The grader's own folder in it. */
  folder: string
  /** The command of the grader's process. */
  worker: string[]
  /** Where a path of this machine is for the grader in it. */
  inside(path: string): string
  /** The solution's folder in it. */
  solution: string
  /** Starts servers that can be reached from inside; absent where those inside do so themselves. */
  servers?(ids: readonly string[], signal: AbortSignal): PodServers
  /** Starts the grader's process in it. @throws when it can't be started */
  run(command: string[], env: Record<string, string>): Promise<PodProcess>
}

/** A process in a pod, which ends when we do. */
export interface PodProcess {
  input: Writable
  output: Readable
  /** What it says on its standard error, the last part. */
  said(): string
  exited: Promise<{ code: number | null; signal: string | null }>
  /** Ends it and all that is in the pod; resolves when nothing is left. */
  end(): Promise<void>
}

/** A way to open pods that was found to work here. */
export interface PodMaker {
  id: PodSettings['id']
  /** E.g. `bubblewrap 0.8.0`. */
  name: string
  open(request: PodRequest): Promise<Pod>
}

/** Whether pods of a kind can be opened here, found out by a real one. */
export type PodTrial = { ok: true; maker: PodMaker } | { ok: false; reason: string; remedy: string }
