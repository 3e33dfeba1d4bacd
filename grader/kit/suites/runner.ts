import type { KitContext } from '../context.ts'

/** One test of the learner's suite. */
export interface SuiteTest {
  /** With the names of its enclosing suites, separated by ` > `. */
  name: string
  passed: boolean
  skipped: boolean
  message?: string
}

/** What a suite has reported. */
export interface SuiteResults {
  tests: SuiteTest[]
  /** What went wrong outside of tests. */
  diagnostics: string[]
  /** Whether the report was written to its end: a process that a test has ended did not get there. */
  complete: boolean
}

/** A test runner: how a suite for it is recognised, prepared, run and read. */
export interface SuiteRunner {
  /** What its test files are called, as a person would write it. */
  testFiles: string
  /** @param file relative to the solution */
  isTest(file: string): boolean
  /** How many times as long as under node:test a run may take. */
  pace: number
  /**
   * Whether what it prepares serves all runs of the same files. Else each run is prepared anew, and runs in the folder in
   * which it was prepared.
   */
  preparesOnce: boolean
  /** @throws BuildFailure, or UserError `environment` when the machine lacks something */
  prepare(work: SuiteWork): Promise<PreparedSuite>
}

/** What is to be prepared. */
export interface SuiteWork {
  /** A copy of the solution, with the files in place that replace the learner's. Absolute. */
  folder: string
  /** The test files, relative to it. */
  tests: string[]
  /** An empty folder for whatever is built. */
  output: string
  run: KitContext
}

/** A suite that can be run. */
export interface PreparedSuite {
  /**
   * The command that runs all tests and writes a report.
   * @param request.cwd the folder in which it runs: the one of {@link SuiteWork}, or a copy
   * @param request.report the file for the report, absolute
   */
  command(request: { cwd: string; report: string }): SuiteCommand
  /** A command that takes longer and says more, for a suite that has crashed. */
  tellingCommand?(request: { cwd: string; report: string }): SuiteCommand
  /** Tells a crash from a file that can't be read. @throws BuildFailure */
  explainCrash?(): Promise<void>
  /** @param report its beginning; empty when there is none */
  read(report: string): SuiteResults
  /** Exit codes that are no crash, beside 0. */
  sound?: number[]
}

interface SuiteCommand {
  file: string
  args: string[]
  env?: Record<string, string>
}
