import type { Session } from './session.ts'

/** A line that shows that something is going on; silent in a pipe. */
export interface Spinner {
  say(text: string): void
  /** Takes the line away for a moment, so that something else can be written. */
  clear(): void
  stop(): void
}

const silent: Spinner = { say: () => {}, clear: () => {}, stop: () => {} }

/** Draws on standard error, so that standard output holds results only. */
export async function startSpinner({ terminal, stderr }: Session, text: string): Promise<Spinner> {
  if (!terminal.interactive || !stderr.isTTY) return silent
  const { default: ora } = await import('ora')
  const fit = (line: string) => (line.length > terminal.width - 4 ? `${line.slice(0, terminal.width - 5)}…` : line)
  // Ctrl-C must reach our own handler, which cleans up.
  const spinner = ora({ text: fit(text), stream: stderr, discardStdin: false }).start()
  return {
    say: (line) => {
      spinner.text = fit(line)
    },
    clear: () => void spinner.clear(),
    stop: () => void spinner.stop(),
  }
}
