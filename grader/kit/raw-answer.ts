import { SolutionFailure } from './evidence.ts'
import type { Answer } from './answer.ts'

/** What is needed of a connection: bytes in order, each wait with a deadline. */
interface ByteSource {
  read(until: string, options: { deadline: number }): Promise<string>
  readBytes(length: number, options: { deadline: number }): Promise<Buffer>
  readAll(options: { deadline: number }): Promise<string>
}

interface Expected {
  /** The request's method. */
  to?: string
  /** Milliseconds, for each part of the answer. */
  deadline: number
}

/** Reads one HTTP/1.1 message from a raw connection (RFC 9112, sections 4 to 7). */
export async function readRawAnswer(connection: ByteSource, { to, deadline }: Expected): Promise<Answer> {
  const startedAt = performance.now()
  for (;;) {
    const head = await connection.read('\r\n\r\n', { deadline }).catch((error: unknown) => {
      throw inHttpTerms(error, deadline)
    })
    const [statusLine = '', ...lines] = head.slice(0, -4).split('\r\n')
    const [, code, statusText = ''] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine) ?? []
    if (code === undefined) {
      throw new SolutionFailure('malformed', 'The answer is not HTTP/1.1.', {
        expected: 'HTTP/1.1 and a status',
        got: JSON.stringify(statusLine.slice(0, 200)),
      })
    }
    const status = Number(code)
    if (status < 200 && status !== 101) continue
    const rawHeaders = lines.map(splitHeader)
    const headers: Record<string, string> = {}
    for (const [name, value] of rawHeaders) {
      const key = name.toLowerCase()
      headers[key] = key in headers ? `${headers[key]}, ${value}` : value
    }
    const bodiless = to === 'HEAD' || status === 204 || status === 304
    const body = bodiless ? Buffer.alloc(0) : await readBody(connection, headers, deadline)
    const text = body.toString('utf8')
    return {
      status,
      statusText,
      headers,
      rawHeaders,
      body,
      text,
      ms: performance.now() - startedAt,
      get json(): unknown {
        try {
          return JSON.parse(text)
        } catch {
          throw new SolutionFailure('not_json', 'The body is not JSON.', {
            expected: 'a JSON body',
            got: `${status} ${text.slice(0, 600)}`,
          })
        }
      },
    }
  }
}

/** A missing end of the header section, as one would say it. */
function inHttpTerms(error: unknown, deadline: number): unknown {
  if (!(error instanceof SolutionFailure)) return error
  const message =
    error.code === 'timeout' ? `No answer within ${deadline} ms.` : 'The connection was closed before an answer came.'
  return new SolutionFailure(error.code, message, { ...error.evidence, expected: 'an HTTP answer' })
}

function splitHeader(line: string): [string, string] {
  const at = line.indexOf(':')
  if (at <= 0)
    throw new SolutionFailure('malformed', 'A header line has no name.', {
      expected: 'Name: value',
      got: JSON.stringify(line.slice(0, 200)),
    })
  return [line.slice(0, at), line.slice(at + 1).trim()]
}

async function readBody(connection: ByteSource, headers: Record<string, string>, deadline: number): Promise<Buffer> {
  if (/\bchunked$/i.test(headers['transfer-encoding'] ?? '')) return readChunks(connection, deadline)
  const length = headers['content-length']
  if (length === undefined) return Buffer.from(await connection.readAll({ deadline }), 'latin1')
  if (!/^\d+$/.test(length)) {
    throw new SolutionFailure('malformed', 'Content-Length is no number.', {
      expected: 'a number',
      got: `Content-Length: ${length}`,
    })
  }
  return connection.readBytes(Number(length), { deadline })
}

async function readChunks(connection: ByteSource, deadline: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (;;) {
    const line = await connection.read('\r\n', { deadline })
    const size = Number.parseInt(line, 16)
    if (Number.isNaN(size)) {
      throw new SolutionFailure('malformed', 'A chunk does not begin with its size.', {
        expected: 'a size in hexadecimal',
        got: JSON.stringify(line.slice(0, 200)),
      })
    }
    if (size > 0) chunks.push(await connection.readBytes(size, { deadline }))
    // After the last chunk come trailers, if any, and an empty line.
    let end = await connection.read('\r\n', { deadline })
    if (size > 0) continue
    while (end !== '\r\n') end = await connection.read('\r\n', { deadline })
    return Buffer.concat(chunks)
  }
}
