import { connect } from 'node:net'
import { context } from './context.ts'
import { type Evidence, SolutionFailure } from './evidence.ts'
import { type Answer, exchangeOf } from './answer.ts'
import { describeAnswer } from './http-text.ts'
import { readRawAnswer } from './raw-answer.ts'

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
  /**
   * Reads one HTTP/1.1 answer: interim ones are skipped, the body is taken by its length, its chunks or up to the end of
   * the connection. @param options.to the request's method, because an answer to HEAD has no body
   * @throws SolutionFailure `timeout`, `reset` or `malformed`
   */
  answer(options?: { to?: string; deadline?: number }): Promise<Answer>
  /** Resolves when the other side has ended or reset the connection. */
  readonly closed: Promise<void>
  /** Half-closes: no more will be written. */
  end(): void
  destroy(): void
}

/** @throws SolutionFailure `refused` when nothing listens */
export async function openConnection({
  host = '127.0.0.1',
  port,
}: {
  host?: string
  port: number
}): Promise<Connection> {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true })
  let buffered = Buffer.alloc(0)
  let ended = false
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of waiting) check()
  }
  const closed = new Promise<void>((resolve) => {
    for (const event of ['end', 'close']) {
      socket.once(event, () => {
        ended = true
        wake()
        resolve()
      })
    }
  })
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    wake()
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      const asked = `connect to ${host}:${port}`
      if (code !== 'ECONNREFUSED')
        return reject(
          new SolutionFailure('reset', 'The connection was reset at once.', { asked, got: 'a reset connection' }),
        )
      reject(
        new SolutionFailure('refused', 'The connection was refused: nothing listens on the port.', {
          asked,
          got: 'connection refused',
        }),
      )
    })
  })
  // A reset is seen as the end of the connection.
  socket.on('error', () => {})

  /** What was written since the last answer, for the evidence. */
  let written = ''
  const asked = (): Evidence => {
    const [first = '', ...rest] = written.trimEnd().split('\r\n')
    return {
      asked: first === '' ? `connect to ${host}:${port}` : readable(first, 200),
      ...(rest.length > 0
        ? {
            sent: rest
              .map((line) => readable(line, 200))
              .slice(0, 20)
              .join('\n'),
          }
        : {}),
    }
  }
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
        new SolutionFailure(code, message, { ...asked(), expected: wanted, got: preview(buffered) })
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

  const connection: Connection = {
    closed,
    write: (data) =>
      new Promise((resolve, reject) => {
        if (written.length < 4096) written += Buffer.from(data).subarray(0, 4096).toString('utf8')
        const lost = () =>
          new SolutionFailure('reset', 'The connection was closed while the test was sending.', {
            ...asked(),
            got: preview(buffered),
          })
        socket.write(data, (error) => (error ? reject(lost()) : resolve()))
      }),
    async answer({ to, ...options } = {}) {
      const question = asked()
      const answer = await readRawAnswer(connection, {
        ...(to === undefined ? {} : { to }),
        deadline: patience(options),
      })
      written = ''
      const evidence = { ...question, got: describeAnswer(answer) }
      exchangeOf.set(answer, evidence)
      context().recorder.record(evidence)
      return answer
    },
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
      const wanted =
        typeof until === 'number' ? `${until} bytes` : typeof until === 'string' ? JSON.stringify(until) : String(until)
      return (await wait(measure, wanted, patience(options))).toString('latin1')
    },
    readBytes: (length, options) =>
      wait(() => (buffered.length >= length ? length : undefined), `${length} bytes`, patience(options)),
    async readAll(options) {
      return (
        await wait(() => (ended ? buffered.length : undefined), 'end of the connection', patience(options))
      ).toString('latin1')
    },
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
  return connection
}

/** A line of what was sent, as a reader can take it in. */
function readable(line: string, length: number): string {
  return line.length > length ? `${line.slice(0, length)}… (${line.length} characters)` : line
}

function preview(bytes: Buffer): string {
  if (bytes.length === 0) return 'nothing'
  return JSON.stringify(bytes.subarray(0, 200).toString('latin1'))
}
