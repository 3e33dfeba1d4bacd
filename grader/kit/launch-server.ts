import { solutionEnvironment } from '../solution/environment.ts'
import { type Program, startProgram } from '../solution/program.ts'
import type { KitContext } from './context.ts'
import type { StartOptions } from './start-options.ts'

export interface LaunchRequest {
  run: KitContext
  port: number
  dataDir: string
  options: StartOptions
}

/** Starts the solution as a server; does not wait until it listens. */
export function launchServer({ run, port, dataDir, options }: LaunchRequest): Promise<Program> {
  const { launch, folder } = run.solution
  if (!launch) throw new Error('this exercise has no program to start')
  return startProgram({
    command: {
      file: launch.file,
      ...(launch.handlesSignals ? { handlesSignals: true } : {}),
      args: [...launch.args, ...(options.args ?? [])],
      cwd: folder,
      env: solutionEnvironment(run.hostEnvironment, {
        ...launch.env,
        ...run.services?.env,
        PORT: String(port),
        DATA_DIR: dataDir,
        ...options.env,
      }),
    },
    scope: run.scope,
    outputLimit: run.exercise.limits.output_kb * 1024,
  })
}
