import { spawnSync } from 'node:child_process'
import { execa } from 'execa'
import { program } from './run-cli.ts'

/** Whether this machine has util-linux's `script`, which lends a program a pseudo-terminal. */
export const hasTerminal: boolean = /util-linux/.test(
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '',
)

export interface TerminalOptions {
  cwd: string
  /** Columns. */
  width?: number
  env?: Record<string, string>
  /** What is typed once this was shown; nothing is typed otherwise. */
  answer?: { to: string; typed: string }
}

export interface TerminalResult {
  exitCode: number | undefined
  /** Everything, with its escape sequences. */
  shown: string
}

/** Runs the built program on a pseudo-terminal. */
export async function onTerminal(
  args: string[],
  { cwd, width = 80, env, answer }: TerminalOptions,
): Promise<TerminalResult> {
  const command = [process.execPath, program, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const child = execa('script', ['-qec', `stty cols ${width}; exec ${command}`, '/dev/null'], {
    cwd,
    env: { TERM: 'xterm-256color', NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
    reject: false,
    timeout: 60_000,
  })
  let shown = ''
  let answered = false
  child.stdout.on('data', (bytes: Buffer) => {
    shown += bytes.toString()
    if (!answer || answered || !shown.includes(answer.to)) return
    answered = true
    child.stdin.write(answer.typed)
  })
  const { exitCode } = await child
  return { exitCode, shown: shown.replaceAll('\r\n', '\n') }
}
