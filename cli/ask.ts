import type { Session } from './session.ts'

/** Whether somebody sits there who can be asked. */
export function canAsk({ stdin, terminal }: Session): boolean {
  return terminal.interactive && stdin.isTTY
}

/** Asks a question whose answer is yes or no; anything but a yes is a no. Rejects when Ctrl-C is pressed. */
export async function ask(question: string, { stdin, stderr, signal }: Session): Promise<boolean> {
  stderr.write(`${question} (y/n) `)
  // Loaded late: 4 ms that only a question needs.
  const { createInterface } = await import('node:readline')
  // Not a terminal to readline: so Ctrl-C stays a signal, and reaches our own handler.
  const lines = createInterface({ input: stdin, terminal: false })
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve)
      lines.once('close', () => resolve(''))
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    return /^\s*y(es)?\s*$/i.test(answer)
  } finally {
    lines.close()
    stdin.unref()
  }
}
