import type { Report } from '../../grader/index.ts'
import type { Terminal } from '../terminal.ts'

/** For whom a report is written. */
export interface ReportOptions {
  terminal: Terminal
  /** Every failed test, not only the first of each step. */
  all: boolean
}

/** Makes a text of a report; the text ends with a line break. */
export type Reporter = (report: Report, options: ReportOptions) => Promise<string> | string
