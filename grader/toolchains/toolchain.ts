import type { RunScope } from '../solution/run-scope.ts'

/** A solution made ready to run: the command without its working directory and environment. */
export interface Launch {
  file: string
  args: string[]
  /** Added to the program's environment. */
  env?: Record<string, string>
}

/** A language: how a solution in it is recognised, built and started. */
export interface Toolchain {
  id: string
  /** As a person would write it. */
  name: string
  /** Endings of its source files, without the dot. */
  extensions: string[]
  /** Names of main files, the most likely first. */
  mainFiles: string[]
  /** What runs it here, e.g. `node 20.20`. */
  version(): string
  /**
   * Makes a program out of a solution.
   * @throws BuildFailure when the learner's code does not build
   */
  build(request: BuildRequest): Promise<Launch>
}

interface BuildRequest {
  /** The solution's folder, absolute. */
  folder: string
  /** The main file, relative to the folder. */
  main: string
  /** An empty folder for whatever is built. */
  output: string
  /** Where programs that build belong: they are the solution's in all but name. */
  scope: RunScope
}

/** The solution does not build. The message is what the compiler says, with file and line. */
export class BuildFailure extends Error {
  override name = 'BuildFailure'
  /** One entry per mistake. */
  readonly problems: { message: string; file?: string; line?: number; column?: number; source?: string }[]

  constructor(problems: BuildFailure['problems']) {
    super(problems.map((problem) => problem.message).join('\n'))
    this.problems = problems
  }
}
