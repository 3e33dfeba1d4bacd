import { expect } from 'vitest'
import {
  note,
  SolutionFailure,
  type Answer,
  type App,
  type Connection,
  type Random,
  type RequestOptions,
} from 'learn-backend/kit'

export type Members = Record<string, unknown>

export const jsonType = /^application\/json\s*(;|$)/i
export const mergePatchType = 'application/merge-patch+json'

/** A small note as a client would send it. */
export function someNote(random: Random): Members & { title: string } {
  return { title: `${random.word()} ${random.unicode()}`, stars: random.int(1, 1_000_000), tags: [random.word()] }
}

export function someId(random: Random): string {
  return `n-${random.hex(12)}`
}

export interface Created {
  id: string
  path: string
  answer: Answer
}

/** Creates a note with POST and fails the test when that does not work. */
export async function create(app: App, json: Members): Promise<Created> {
  const answer = await app.post('/notes', { json })
  expect(answer).toHaveStatus(201)
  expect(answer, 'Location says where the new note is').toHaveHeader(
    'location',
    /^(https?:\/\/[^/]+)?\/notes\/[\w-]{1,64}$/,
  )
  const path = new URL(answer.headers['location'] ?? '', app.url).pathname
  return { id: path.slice('/notes/'.length), path, answer }
}

/** Creates or replaces a note with PUT and fails the test when that does not work. */
export async function put(app: App, id: string, json: Members): Promise<string> {
  const answer = await app.put(`/notes/${id}`, { json })
  expect(answer).toHaveStatus([200, 201])
  return `/notes/${id}`
}

export function patch(app: App, path: string, changes: unknown, options: RequestOptions = {}): Promise<Answer> {
  const headers = { 'content-type': mergePatchType, ...options.headers }
  return app.patch(path, { body: JSON.stringify(changes), ...options, headers })
}

/** The strong entity tag that a GET of this note answers. */
export async function etagOf(app: App, path: string): Promise<string> {
  const answer = await app.get(path)
  expect(answer).toHaveStatus(200)
  return strongTag(answer)
}

export function strongTag(answer: Answer): string {
  expect(
    answer,
    'a strong entity tag is a text in double quotes, without W/ before it (RFC 9110, section 8.8.3)',
  ).toHaveHeader('etag', /^"[\x21\x23-\x7e\x80-\xff]*"$/)
  return answer.headers['etag'] ?? ''
}

interface Sent {
  method: string
  path: string
  headers?: Record<string, string>
  body: string
  /** Where to pause, in bytes; default in the middle. */
  pauseAt?: number
}

export interface SlowRequest {
  connection: Connection
  /** Sends the rest of the body and waits for the answer. */
  finish(): Promise<Answer>
}

/** Starts a request and pauses in the middle of its body. */
export async function startSlowly(app: App, { method, path, headers, body, pauseAt }: Sent): Promise<SlowRequest> {
  const bytes = Buffer.from(body)
  const half = pauseAt ?? Math.floor(bytes.length / 2)
  const connection = await app.connect()
  const fields = { 'Content-Type': 'application/json', 'Content-Length': String(bytes.length), ...headers }
  await connection.write(head(app, method, path, fields))
  await connection.write(bytes.subarray(0, half))
  return {
    connection,
    async finish() {
      await connection.write(bytes.subarray(half))
      return connection.answer()
    },
  }
}

/** Sends a request of which the service need not read everything, and then waits for the answer. */
export async function sendTooMuch(app: App, { method, path, headers, body }: Sent): Promise<Answer> {
  note('The client waits for the answer now, before it sends any more.')
  const connection = await app.connect()
  const fields = { 'Content-Type': 'application/json', ...headers }
  await connection.write(head(app, method, path, fields) + body).catch(() => {})
  const answer = await connection.answer().catch((error: unknown) => {
    if (error instanceof SolutionFailure && error.code === 'reset') {
      note(
        'A server that closes while a client is still sending makes its system reset the connection, and the answer can get ' +
          'lost. Reading on for a moment avoids that (RFC 9112, section 9.6).',
      )
    }
    throw error
  })
  connection.destroy()
  return answer
}

/** Sends a request without a body; the answer's headers, and what comes after them until the connection is closed. */
export async function answerAndRest(
  app: App,
  { method, path, headers = {} }: Omit<Sent, 'body'>,
): Promise<[Answer, string]> {
  const connection = await app.connect()
  await connection.write(head(app, method, path, headers))
  const answer = await connection.answer({ to: method })
  return [answer, await connection.readAll()]
}

/** The request line and the headers, up to the empty line. */
export function head(app: App, method: string, path: string, headers: Record<string, string>): string {
  const fields = { Host: `${app.host}:${app.port}`, Connection: 'close', ...headers }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  return [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n')
}

/** How often each status occurs: `{ 201: 1, 412: 9 }`. */
export function countStatuses(answers: { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
