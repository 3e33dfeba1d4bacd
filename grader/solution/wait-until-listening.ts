import { connect } from 'node:net'
import type { Program } from './program.ts'
import { within } from './within.ts'

/** Why waiting ended. */
export type ListeningOutcome = 'listening' | 'exited' | 'timeout'

/**
 * Polls a port of this machine until a connection gets through, the program exits, or the deadline passes.
 * @param deadline milliseconds
 */
export async function waitUntilListening(
  program: Pick<Program, 'exited'>,
  port: number,
  deadline: number,
): Promise<ListeningOutcome> {
  const startedAt = performance.now()
  let exited = false
  const exit = program.exited.then(() => {
    exited = true
  })
  while (!exited) {
    // A program that could not get the port has ended, and somebody else answers.
    if (await accepts(port)) return exited ? 'exited' : 'listening'
    const waited = performance.now() - startedAt
    if (waited > deadline) return 'timeout'
    // Dense at first, when most programs get ready; a slow start must not be slowed further by our polling.
    await within(exit, waited < 500 ? 5 : 25)
  }
  return 'exited'
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
    socket.setTimeout(1000, () => done(false))
  })
}
