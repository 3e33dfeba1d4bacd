import { solutionEnvironment } from '../solution/environment.ts'
import { type Program, startProgram } from '../solution/program.ts'
import { within } from '../solution/within.ts'
import { context } from './context.ts'
import { type Evidence, SolutionFailure } from './evidence.ts'
import { exchangeOf } from './answer.ts'
import { quote } from './http-text.ts'
import { ownFrames, readableLog } from './readable-log.ts'

export interface RunOptions {
  stdin?: string | Uint8Array
  env?: Record<string, string>
  /** Default: the test's own folder, {@link Cli.dir}. */
  cwd?: string
  /** Milliseconds; default: half a second less than `limits.test_ms`. */
  deadline?: number
}

/** A finished run of the solution as a command line program. */
export interface Run {
  args: string[]
  exitCode: number | null
  signal: string | null
  stdout: string
  stderr: string
  ms: number
}

/** A run that is still going on. */
export interface RunningCli {
  pid: number
  output: Program['output']
  write(text: string | Uint8Array): void
  end(): void
  kill(): Promise<void>
  exited: Promise<Run>
}

/** The solution as a command line program. */
export interface Cli {
  /** The folder in which it runs: empty at the start of each test. */
  dir: string
  /** @throws SolutionFailure `timeout` when it does not end in time, `flooded` when it prints endlessly */
  run(args: string[], options?: RunOptions): Promise<Run>
  start(args: string[], options?: RunOptions): Promise<RunningCli>
}

/** The command line program of the current run, working in `dir`. */
export function createCli(dir: string): Cli & AsyncDisposable {
  const run = context()
  const started = new Set<Program>()

  const start = async (
    args: string[],
    options: RunOptions = {},
  ): Promise<{ program: Program; exited: Promise<Run> }> => {
    const { launch, folder } = run.solution
    if (!launch) throw new Error('this exercise has no program to start: its interface is a test suite')
    const program = await startProgram({
      command: {
        file: launch.file,
        ...(launch.handlesSignals ? { handlesSignals: true } : {}),
        args: [...launch.args, ...args],
        cwd: options.cwd ?? dir,
        env: solutionEnvironment(run.hostEnvironment, { ...launch.env, ...options.env }),
      },
      scope: run.scope,
      outputLimit: run.exercise.limits.output_kb * 1024,
      input: true,
    })
    started.add(program)
    const exited = program.exited.then((exit): Run => {
      started.delete(program)
      const { stdout, stderr } = program.output
      const finished = { args, exitCode: exit.code, signal: exit.signal, stdout, stderr, ms: exit.ms }
      const evidence = describeRun(finished, options, folder)
      exchangeOf.set(finished, evidence)
      run.recorder.record(evidence)
      return finished
    })
    return { program, exited }
  }

  return {
    dir,
    async run(args, options = {}) {
      const deadline =
        options.deadline === undefined
          ? Math.max(1000, run.exercise.limits.test_ms - 500)
          : options.deadline * run.solution.toolchain.pace
      const { program, exited } = await start(args, options)
      if (options.stdin !== undefined) program.write(options.stdin)
      program.endInput()
      const first = await within(exited, deadline)
      if (!first) {
        await program.kill()
        throw new SolutionFailure('timeout', `The command did not end within ${deadline} ms.`, {
          ...exchangeOf.get(await exited),
          expected: `it ends within ${deadline} ms`,
          got: `it was still running; so far it printed: ${program.output.text.slice(0, 300) || 'nothing'}`,
        })
      }
      if (program.flooded) {
        throw new SolutionFailure('flooded', 'The command was stopped because it printed endlessly.', {
          ...exchangeOf.get(first),
          got: `more than ${run.exercise.limits.output_kb} kB of output`,
        })
      }
      return first
    },
    async start(args, options) {
      const { program, exited } = await start(args, options)
      return {
        pid: program.pid,
        output: program.output,
        write: (text) => program.write(text),
        end: () => program.endInput(),
        kill: async () => void (await program.kill()),
        exited,
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...started].map((program) => program.kill()))
    },
  }
}

function describeRun(run: Run, options: RunOptions, folder: string): Evidence {
  const lines = run.stderr.split('\n')
  const frames = ownFrames(lines, folder)
  const how = run.signal ? `ended by ${run.signal}` : `exit code ${run.exitCode}`
  return {
    asked: `$ <your program> ${run.args.map(quote).join(' ')}`,
    sent: options.stdin === undefined ? undefined : Buffer.from(options.stdin).toString('utf8').slice(0, 400),
    got: [how, labelled('stdout', run.stdout), labelled('stderr', readableLog(lines, folder).join('\n'))]
      .filter(Boolean)
      .join('\n'),
    ...(frames.length > 0 ? { stack: frames } : {}),
  }
}

function labelled(name: string, text: string): string {
  const trimmed = text.trimEnd()
  if (trimmed === '') return ''
  const lines = trimmed.split('\n')
  const shown = lines.slice(0, 12).map((line) => line.slice(0, 240))
  if (lines.length > shown.length) shown.push(`… (${lines.length} lines)`)
  return `${name}: ${shown.join(`\n${' '.repeat(name.length + 2)}`)}`
}
