import type { Grades } from '../../../grader/index.ts'
import type { Terminal } from '../../terminal.ts'

/** A piece of output: a file's text, or lines for the log. */
export interface Rendering {
  /** Absolute, or relative to the current folder; without it the text goes to standard output. */
  file?: string
  /** Added to what the file holds. */
  append?: boolean
  text: string
}

/** What a format may know beside the grades. */
export interface Around {
  /** The file or folder that was asked for. */
  target?: string
  env: Record<string, string | undefined>
  terminal: Terminal
  /** The folder that was graded, absolute: the submissions' folders are relative to it. */
  root: string
}

/** A way to write grades down. */
export interface GradeFormat {
  description: string
  /** The file's name when none is given; absent when it goes to the log. */
  file?: string
  /** Its places are given by the platform: it takes no file, and people still want to read a log beside it. */
  forPlatform?: true
  render(grades: Grades, around: Around): Rendering[] | Promise<Rendering[]>
}
