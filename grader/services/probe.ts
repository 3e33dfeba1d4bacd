import { connect } from 'node:net'
import type { Address } from './address.ts'

/**
 * Opens a connection, says something and waits until the answer is long enough to be judged.
 * @param judge true: that is it; false: not yet, wait for more; throws: wrong
 */
export function talk(
  { host, port }: Address,
  say: string | Uint8Array | undefined,
  judge: (answer: Buffer) => boolean,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const socket = connect({ host, port, noDelay: true })
    let answer: Buffer = Buffer.alloc(0)
    const end = (error?: Error) => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    const onAbort = () => end(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', end)
    socket.once('close', () => end(new Error('the connection was closed')))
    socket.once('connect', () => (say === undefined ? end() : socket.write(say)))
    socket.on('data', (bytes: Buffer) => {
      answer = Buffer.concat([answer, bytes])
      try {
        if (judge(answer)) end()
      } catch (error) {
        end(error as Error)
      }
    })
  })
}

/** A server that answers a text line with a text. */
export function saysAndHears(say: string, hear: string) {
  return (address: Address, signal: AbortSignal): Promise<void> =>
    talk(
      address,
      say,
      (answer) => {
        const text = answer.toString('latin1')
        if (text.startsWith(hear)) return true
        if (hear.startsWith(text)) return false
        throw new Error(`it answered ${JSON.stringify(text.slice(0, 80))}`)
      },
      signal,
    )
}

/** A server that accepts connections. */
export const accepts = (address: Address, signal: AbortSignal): Promise<void> =>
  talk(address, undefined, () => true, signal)
