import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

/** The folder of the package, and the built program in it. */
export const packageRoot: string = fileURLToPath(new URL('../..', import.meta.url))
export const program: string = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export interface CliOptions {
  cwd?: string
  /** Added to the test's own environment; undefined takes a variable away. */
  env?: Record<string, string | undefined>
  /** The Node that runs it; default: the one that runs the tests. */
  node?: string
  /** Standard input; end-of-file at once when absent. */
  input?: string
  /** Milliseconds after which it is killed and the test fails. */
  deadline?: number
}

export interface CliResult {
  /** Undefined when it was ended by a signal. */
  exitCode: number | undefined
  stdout: string
  stderr: string
}

// What a test runner puts there changes how programs draw.
const neutral = { FORCE_COLOR: undefined, NO_COLOR: undefined, NODE_OPTIONS: undefined, COLUMNS: undefined }

/** Runs the built program as a person would, with its output in pipes. */
export async function cli(
  args: string[],
  { cwd, env, node = process.execPath, input, deadline = 60_000 }: CliOptions = {},
): Promise<CliResult> {
  const { exitCode, stdout, stderr, timedOut } = await execa(node, [program, ...args], {
    ...(cwd ? { cwd } : {}),
    env: { ...neutral, ...env },
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    reject: false,
    stripFinalNewline: false,
    timeout: deadline,
    killSignal: 'SIGKILL',
  })
  if (timedOut)
    throw new Error(`learn-backend ${args.join(' ')} did not end within ${deadline} ms:\n${stdout}\n${stderr}`)
  return { exitCode, stdout, stderr }
}
