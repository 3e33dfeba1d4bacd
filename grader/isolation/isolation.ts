import type { RunScope } from '../solution/run-scope.ts'
import type { Report } from '../report/schema.ts'

/** A command as the operating system gets it. */
export interface Command {
  file: string
  args: string[]
  /** Working directory. */
  cwd: string
  /** The whole environment: nothing is inherited. */
  env: Record<string, string>
  /** Its runtime answers SIGTERM by ending in order with exit code 143, as Java's does. */
  handlesSignals?: boolean
  /** Whom it runs as, when it is not ourselves: a server that refuses to be root. */
  user?: { uid: number; gid: number }
  /** Whose it is; a confined service has other limits than the solution. Default: the solution. */
  role?: 'solution' | 'service'
  /** What it must see beside the solution and the system's own programs: absolute paths of files and folders. */
  readable?: string[]
  /** Where a service may write, absolute. */
  writable?: string[]
}

/** A command that is ready to be spawned. */
export interface Confined extends Pick<Command, 'file' | 'args' | 'cwd' | 'env' | 'user'> {
  /** Set when file descriptor 3 tells the first process of its sandbox, as bubblewrap's `--json-status-fd` does: what that is. */
  firstProcess?: 'program' | 'init'
  /** Further descriptors that it gets, from 4 on. */
  descriptors?: number[]
}

/** How the programs of a run are confined. */
export interface Isolation {
  id: string
  /** For the report. */
  description: Report['isolation']
  /** Whether the run is inside a pod: a private network, a view of the disk of its own. */
  inPod: boolean
  /** The folder in which the solution's programs may write, when it is one for all of them. */
  room?: string
  /** The command that runs `command` inside the confinement. */
  confine(command: Command, scope: RunScope): Confined | Promise<Confined>
  /** A program has just ended: what it used is soon gone, and what it has left running ends now. */
  programEnded?(): void
  /** Which of its limits the solution has hit so far. Cheap enough to be asked after each crash. */
  limitHit?(): LimitHit | undefined
}

/** A limit that was hit. */
export interface LimitHit {
  limit: NonNullable<Report['limit']>
  /** E.g. `it used more than 512 MiB of memory`. */
  message: string
}

/** What a solution may use. */
export interface Limits {
  /** MiB, all its processes together. */
  memory_mb: number
  /** Processes and threads. */
  processes: number
  /** Open files of one process. */
  open_files: number
  /** MiB in all folders that it may write. */
  disk_mb: number
  /** Seconds of processor time of one process. */
  cpu_s: number
  /** Seconds for the whole grading. */
  wall_s: number
}

/** Files and folders that a solution may make: each costs memory, however small it is. */
export const mostFiles = 20_000
