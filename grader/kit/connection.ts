import { connect } from 'node:net'
import { context } from './context.ts'
import { SolutionFailure } from './evidence.ts'

/** A raw TCP connection to the solution, for malformed, slow or pipelined requests and for other protocols. */
export interface Connection {
  write(data: string | Uint8Array): Promise<void>
  /**
   * What came up to and including a text, a match, or a number of bytes, as latin1 text; the rest stays buffered.
   * @throws SolutionFailure `timeout` or `reset`
   */
  read(until: string | RegExp | number, options?: { deadline?: number }): Promise<string>
  readBytes(length: number, options?: { deadline?: number }): Promise<Buffer>
  /** Everything until the other side closes. */
  readAll(options?: { deadline?: number }): Promise<string>
  readonly closed: Promise<void>
  /** Half-closes: no more will be written. */
  end(): void
  destroy(): void
}

/** @throws SolutionFailure `refused` when nothing listens */
export async function openConnection({ host, port }: { host: string; port: number }): Promise<Connection> {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true })
  let buffered = Buffer.alloc(0)
  let ended = false
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of waiting) check()
  }
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      ended = true
      wake()
      resolve()
    })
  })
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    wake()
  })
  socket.once('end', () => {
    ended = true
    wake()
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', () =>
      reject(new SolutionFailure('refused', 'The connection was refused: nothing listens on the port.', { asked: `connect to ${host}:${port}`, got: 'connection refused' })),
    )
  })
  // A reset is seen as the end of the connection.
  socket.on('error', () => {})

  const take = (length: number) => {
    const taken = buffered.subarray(0, length)
    buffered = buffered.subarray(length)
    return taken
  }
  /** Waits until `measure` says how many of the buffered bytes are wanted. */
  const wait = (measure: () => number | undefined, wanted: string, deadline: number) =>
    new Promise<Buffer>((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        waiting.delete(check)
        settle()
      }
      const missing = (code: 'timeout' | 'reset', message: string) =>
        new SolutionFailure(code, message, { expected: wanted, got: preview(buffered) })
      const check = () => {
        const length = measure()
        if (length !== undefined) finish(() => resolve(take(length)))
        else if (ended) finish(() => reject(missing('reset', `The connection was closed before ${wanted} came.`)))
      }
      const timer = setTimeout(
        () => finish(() => reject(missing('timeout', `No ${wanted} came within ${deadline} ms.`))),
        deadline,
      )
      waiting.add(check)
      check()
    })
  const patience = (options?: { deadline?: number }) => options?.deadline ?? context().exercise.limits.request_ms

  return {
    closed,
    write: (data) =>
      new Promise((resolve, reject) => {
        socket.write(data, (error) =>
          error ? reject(new SolutionFailure('reset', 'The connection was closed while the test was sending.')) : resolve(),
        )
      }),
    async read(until, options) {
      const measure = () => {
        if (typeof until === 'number') return buffered.length >= until ? until : undefined
        if (typeof until === 'string') {
          const at = buffered.indexOf(until, 0, 'latin1')
          return at < 0 ? undefined : at + until.length
        }
        const match = until.exec(buffered.toString('latin1'))
        return match ? match.index + match[0].length : undefined
      }
      const wanted = typeof until === 'number' ? `${until} bytes` : typeof until === 'string' ? JSON.stringify(until) : String(until)
      return (await wait(measure, wanted, patience(options))).toString('latin1')
    },
    readBytes: (length, options) => wait(() => (buffered.length >= length ? length : undefined), `${length} bytes`, patience(options)),
    async readAll(options) {
      return (await wait(() => (ended ? buffered.length : undefined), 'end of the connection', patience(options))).toString('latin1')
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
}

function preview(bytes: Buffer): string {
  if (bytes.length === 0) return 'nothing'
  return JSON.stringify(bytes.subarray(0, 200).toString('latin1'))
}
