import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Reply {
  status: number
  headers?: Record<string, string>
  body?: unknown
}

/** A request that is answered with a 4xx. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Record<string, string>

  constructor(status: number, reason: string, headers: Record<string, string> = {}) {
    super(reason)
    this.status = status
    this.headers = headers
  }
}

/** Reads a JSON object and returns these fields of it; refuses what is no object, or a field that is no string. */
export async function readFields<Name extends string>(
  request: IncomingMessage,
  names: Name[],
): Promise<Record<Name, string>> {
  const body = await readJson(request)
  if (typeof body !== 'object' || body === null) throw new Refusal(400, 'The body must be a JSON object.')
  const fields = names.map((name) => {
    const value = (body as Record<string, unknown>)[name]
    if (typeof value !== 'string') throw new Refusal(400, `The field ${name} must be a string.`)
    return [name, value]
  })
  return Object.fromEntries(fields) as Record<Name, string>
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // Read to the end, but keep nothing: so that the client gets to hear the answer.
    if (size <= 65_536) chunks.push(chunk)
  }
  if (size > 65_536) throw new Refusal(413, 'The body is too long.')
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    throw new Refusal(400, 'The body is not JSON.')
  }
}

export function send(response: ServerResponse, { status, headers = {}, body }: Reply): void {
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  response.writeHead(status, { ...type, ...headers })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}
