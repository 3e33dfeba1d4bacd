import type { PackageNames } from '../how-to-install.ts'
import type { RunScope } from '../solution/run-scope.ts'

/** A solution made ready to run: the command without its working directory and environment. */
export interface Launch {
  file: string
  args: string[]
  /** Added to the program's environment. */
  env?: Record<string, string>
  /** Its runtime answers SIGTERM by ending in order with exit code 143, whatever the program does. */
  handlesSignals?: boolean
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
  /** Looks for a main file that has another name. @returns relative to the folder */
  findMain?(folder: string): string | undefined
  /** What installs it. Absent for what needs nothing but Node. */
  packages?: PackageNames
  /**
   * How many times as long as Node's its programs may take to start, and a test that starts them several times: the start
   * of a virtual machine is not the learner's fault.
   */
  pace?: number
  /**
   * What runs it here, e.g. `node 20.20`.
   * @throws UserError `environment` when it is not installed, or too old
   */
  version(machine: Machine): string | Promise<string>
  /** Installs what the solution asks for, on one's own machine. @throws UserError `environment` */
  prepare?(request: PrepareRequest): Promise<void>
  /**
   * Makes a program out of a solution.
   * @throws BuildFailure when the learner's code does not build, UserError `environment` when there is nothing to build with
   */
  build(request: BuildRequest): Promise<Launch>
  /** What its own messages mean, when a program has ended by itself. */
  explanations?: readonly Explanation[]
}

/** What the language says, and what a person would add to it. */
export type Explanation = readonly [says: RegExp, means: (found: RegExpExecArray) => string]

/** Where tools are looked for. */
export interface Machine {
  /** The variables of the machine, usually `process.env`. */
  hostEnvironment: Record<string, string | undefined>
  /** Where to remember what was found and built, absolute; without it nothing is remembered. */
  cache?: string | undefined
}

export interface PrepareRequest extends Machine {
  /** The solution's folder, absolute. */
  folder: string
  /** Also what only its tests need. */
  withTests?: boolean
  signal?: AbortSignal | undefined
  onProgress?: ((text: string) => void) | undefined
}

export interface BuildRequest extends PrepareRequest {
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
  readonly problems: Problem[]

  constructor(problems: Problem[]) {
    super(problems.map((problem) => problem.message).join('\n'))
    this.problems = problems
  }
}

/** A mistake in the learner's code; the file is relative to the solution's folder. */
export interface Problem {
  message: string
  file?: string
  line?: number
  column?: number
  /** The line itself. */
  source?: string
}
