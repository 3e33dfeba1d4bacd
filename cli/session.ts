import type { CourseStore } from '../grader/index.ts'
import type { Terminal } from './terminal.ts'

/** The outside world as the program sees it, read once in `main.ts`. */
export interface Io {
  cwd: string
  env: Record<string, string | undefined>
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  now(): Date
  /** Aborted by Ctrl-C. */
  signal: AbortSignal
}

/** What a command works with. */
export interface Session extends Io {
  /** What need not be read and compiled again; see {@link CourseStore}. */
  cache: CourseStore
  /** The words after `--`, for the program that the command starts. */
  passedOn: string[]
  terminal: Terminal
}
