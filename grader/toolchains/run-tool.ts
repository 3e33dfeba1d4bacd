import type { Command } from '../isolation/isolation.ts'
import { startProgram } from '../solution/program.ts'
import type { RunScope } from '../solution/run-scope.ts'
import { within } from '../solution/within.ts'
import { BuildFailure } from './toolchain.ts'

/** Bytes of output after which a program that builds is ended. */
const mostOutput = 4 * 2 ** 20

/** How a program that builds, or checks, has ended. */
export interface ToolRun {
  code: number | null
  stdout: string
  stderr: string
  /** The end of what it printed, whatever the stream. */
  lastLines(count: number): string[]
}

/**
 * Runs a compiler or the like to its end, confined as the solution is.
 * @param patience milliseconds
 * @throws BuildFailure when it takes longer
 */
export async function runTool(command: Command, scope: RunScope, patience: number): Promise<ToolRun> {
  const program = await startProgram({ command, scope, outputLimit: mostOutput })
  const exit = await within(program.exited, patience)
  await program.kill()
  if (!exit) throw new BuildFailure([{ message: `The build did not end within ${patience / 1000} s.` }])
  const { stdout, stderr } = program.output
  return { code: exit.code, stdout, stderr, lastLines: (count) => program.output.lastLines(count) }
}

/** What is said of a build that ended without a mistake that we could read. */
export function brokenOff({ lastLines }: ToolRun): BuildFailure {
  return new BuildFailure([{ message: `The build broke off: ${lastLines(12).join('\n')}` }])
}
