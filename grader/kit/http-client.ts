import { request as send, type IncomingMessage } from 'node:http'
import { context } from './context.ts'
import { type Evidence, type FailureCode, SolutionFailure } from './evidence.ts'
import { type Answer, exchangeOf } from './answer.ts'
import { describeAnswer, describeBody, curl } from './http-text.ts'

export interface RequestOptions {
  headers?: Record<string, string | string[]>
  /** Sent as JSON, with `content-type: application/json` unless another is given. */
  json?: unknown
  body?: string | Uint8Array
  /** Milliseconds until the last byte; default `limits.request_ms`. */
  deadline?: number
  /** Aborting it closes the connection: the client has gone away. */
  signal?: AbortSignal
}

export interface Target {
  host: string
  port: number
  /** Turns a lost connection into the reason, when the program behind it has ended. */
  explain?(failure: SolutionFailure): Promise<SolutionFailure>
}

type Ask = (path: string, options?: RequestOptions) => Promise<Answer>

/** Requests to one target, by their method. */
export interface HttpMethods {
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>
  get: Ask
  post: Ask
  put: Ask
  patch: Ask
  delete: Ask
  head: Ask
  options: Ask
}

export function httpMethods(target: Target): HttpMethods {
  const ask =
    (method: string): Ask =>
    (path, options) =>
      request(target, method, path, options)
  return {
    request: (method, path, options) => request(target, method, path, options),
    get: ask('GET'),
    post: ask('POST'),
    put: ask('PUT'),
    patch: ask('PATCH'),
    delete: ask('DELETE'),
    head: ask('HEAD'),
    options: ask('OPTIONS'),
  }
}

/**
 * Sends one request on a connection of its own. `node:http`, because the first `fetch` of a process costs a third of
 * a whole `verify`.
 * @throws SolutionFailure when no whole answer comes
 */
export async function request(
  target: Target,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const { limits } = context().exercise
  const deadline = options.deadline ?? limits.request_ms
  const body = options.json === undefined ? options.body : JSON.stringify(options.json)
  const headers: Record<string, string | string[]> = {
    ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...lowerCaseNames(options.headers ?? {}),
  }
  if (body !== undefined && !('content-length' in headers) && !('transfer-encoding' in headers)) {
    headers['content-length'] = String(Buffer.byteLength(body))
  }
  const asked: Evidence = {
    asked: `${method} ${path}`,
    sent: describeBody(headers, body),
    replay: curl({ method, path, headers, body }),
  }
  try {
    const answer = await exchange({
      target,
      method,
      path,
      headers,
      body,
      deadline,
      signal: options.signal,
      maxBytes: limits.answer_kb * 1024,
    })
    const evidence = { ...asked, got: describeAnswer(answer) }
    exchangeOf.set(answer, evidence)
    context().recorder.record(evidence)
    return answer
  } catch (error) {
    if (!(error instanceof SolutionFailure)) throw error
    const failure = new SolutionFailure(error.code, error.message, { ...asked, ...error.evidence })
    const explained = (await target.explain?.(failure)) ?? failure
    context().recorder.record(explained.evidence)
    throw explained
  }
}

interface Exchange {
  target: Target
  method: string
  path: string
  headers: Record<string, string | string[]>
  body: string | Uint8Array | undefined
  deadline: number
  signal: AbortSignal | undefined
  maxBytes: number
}

function exchange({ target, method, path, headers, body, deadline, signal, maxBytes }: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    let received: IncomingMessage | undefined
    const { host, port } = target
    const outgoing = send({ host, port, method, path, headers, agent: false, setHost: !('host' in headers) })
    const stop = (error: Error) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      outgoing.destroy()
      reject(error)
    }
    const fail = (code: FailureCode, message: string, got: string) =>
      stop(new SolutionFailure(code, message, { expected: 'an HTTP answer', got }))
    const timer = setTimeout(() => {
      const got = received ? 'the beginning of an answer, but not its end' : 'nothing'
      fail('timeout', `No answer within ${deadline} ms.`, `${got} within ${deadline} ms`)
    }, deadline)
    const abort = () => stop(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort)

    outgoing.once('response', (incoming) => {
      received = incoming
      const chunks: Buffer[] = []
      let size = 0
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxBytes)
          fail('too_large', `The answer's body is larger than ${maxBytes} bytes.`, `more than ${maxBytes} bytes`)
        else chunks.push(chunk)
      })
      incoming.once('aborted', () => {
        const announced = incoming.headers['content-length']
        if (announced === undefined)
          fail(
            'reset',
            'The connection was closed in the middle of the answer.',
            `${size} bytes, then a closed connection`,
          )
        else
          fail(
            'malformed',
            `Content-Length says ${announced} bytes, but only ${size} came.`,
            `${size} bytes, then a closed connection`,
          )
      })
      incoming.on('error', () => {})
      incoming.once('end', () => {
        if (!incoming.complete) return
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
        resolve(new ReceivedAnswer(incoming, Buffer.concat(chunks), performance.now() - startedAt))
      })
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? ''
      if (code === 'ERR_UNESCAPED_CHARACTERS' || code === 'ERR_INVALID_CHAR') return stop(error)
      if (code === 'ECONNREFUSED')
        return fail('refused', 'The connection was refused: nothing listens on the port.', 'connection refused')
      if (code.startsWith('HPE_')) {
        const announced = received?.headers['content-length']
        // What llhttp says of bytes after the announced end.
        if (announced !== undefined && code === 'HPE_CLOSED_CONNECTION') {
          return fail(
            'malformed',
            `More bytes came than Content-Length (${announced}) says. It counts bytes, not characters.`,
            `more than ${announced} bytes of body`,
          )
        }
        const { rawPacket } = error as { rawPacket?: Buffer }
        const got = rawPacket ? JSON.stringify(rawPacket.subarray(0, 120).toString('latin1')) : 'other bytes'
        return fail('malformed', `The answer is not HTTP: ${error.message.replace(/^Parse Error: /, '')}.`, got)
      }
      fail('reset', 'The connection was closed before an answer came.', 'a closed connection')
    })
    outgoing.end(body)
  })
}

class ReceivedAnswer implements Answer {
  status: number
  statusText: string
  headers: Record<string, string> = {}
  rawHeaders: [string, string][] = []
  body: Buffer
  ms: number

  constructor(incoming: IncomingMessage, body: Buffer, ms: number) {
    this.status = incoming.statusCode ?? 0
    this.statusText = incoming.statusMessage ?? ''
    for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
      const [name = '', value = ''] = incoming.rawHeaders.slice(index, index + 2)
      this.rawHeaders.push([name, value])
      const key = name.toLowerCase()
      this.headers[key] = key in this.headers ? `${this.headers[key]}, ${value}` : value
    }
    this.body = body
    this.ms = ms
  }

  get text(): string {
    return this.body.toString('utf8')
  }

  get json(): unknown {
    try {
      return JSON.parse(this.text)
    } catch {
      throw new SolutionFailure('not_json', 'The body is not JSON.', {
        ...exchangeOf.get(this),
        expected: 'a JSON body',
        got: describeAnswer(this),
      })
    }
  }
}

function lowerCaseNames(headers: Record<string, string | string[]>): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
