import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import { readJson } from './body.ts'
import { mergePatch } from './json.ts'
import { acceptsJson, matchesStrongly, matchesWeakly, mediaType } from './negotiation.ts'
import { Notes, type Note } from './notes.ts'
import { Refusal } from './refusal.ts'

interface Reply {
  status: number
  headers?: Record<string, string>
  body?: string
}
type Handler = (req: IncomingMessage, id: string) => Reply | Promise<Reply>

const notes = new Notes()

const forCollection = new Map<string, Handler>([
  ['GET', list],
  ['HEAD', list],
  ['POST', create],
])
const forNote = new Map<string, Handler>([
  ['GET', read],
  ['HEAD', read],
  ['PUT', replace],
  ['PATCH', patch],
  ['DELETE', remove],
])

function list(): Reply {
  const texts = notes.all().map((note) => note.text)
  return json(200, `[${texts.join(',')}]`)
}

async function create(req: IncomingMessage): Promise<Reply> {
  expectType(req, 'application/json')
  const value = await readJson(req)
  const note = notes.save(notes.freeId(), value)
  return json(201, note.text, { location: `/notes/${note.id}`, etag: note.etag })
}

function read(req: IncomingMessage, id: string): Reply {
  const note = existing(id)
  const known = req.headers['if-none-match']
  if (known !== undefined && matchesWeakly(known, note.etag)) return { status: 304, headers: { etag: note.etag } }
  return json(200, note.text, { etag: note.etag })
}

// No ETag: what is stored is not byte for byte what the client sent (RFC 9110, 9.3.4).
async function replace(req: IncomingMessage, id: string): Promise<Reply> {
  expectType(req, 'application/json')
  const value = await readJson(req)
  // From here on without `await`: nobody can come between the check and the change.
  const before = notes.find(id)
  checkPreconditions(req, before)
  return json(before ? 200 : 201, notes.save(id, value).text)
}

async function patch(req: IncomingMessage, id: string): Promise<Reply> {
  expectType(req, 'application/merge-patch+json', { 'accept-patch': 'application/merge-patch+json' })
  const changes = await readJson(req)
  const before = existing(id)
  checkPreconditions(req, before)
  const note = notes.save(id, mergePatch(before.content, changes))
  return json(200, note.text, { etag: note.etag })
}

function remove(req: IncomingMessage, id: string): Reply {
  checkPreconditions(req, existing(id))
  notes.remove(id)
  return { status: 204 }
}

function existing(id: string): Note {
  const note = notes.find(id)
  if (!note) throw new Refusal(404, 'There is no such note.')
  return note
}

function expectType(req: IncomingMessage, type: string, headers?: Record<string, string>): void {
  if (mediaType(req.headers['content-type']) !== type) throw new Refusal(415, `Send ${type}.`, headers)
}

function checkPreconditions(req: IncomingMessage, note: Note | undefined): void {
  const wanted = req.headers['if-match']
  if (wanted !== undefined && !(note && matchesStrongly(wanted, note.etag))) {
    throw new Refusal(412, 'The note is not the one that If-Match names.')
  }
  const unwanted = req.headers['if-none-match']
  if (unwanted !== undefined && note && matchesWeakly(unwanted, note.etag)) {
    throw new Refusal(412, 'The note is one that If-None-Match excludes.')
  }
}

function json(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body }
}

async function answer(req: IncomingMessage): Promise<Reply> {
  const path = (req.url ?? '').split('?', 1)[0]!
  const id = /^\/notes\/([\w-]{1,64})$/.exec(path)?.[1]
  if (path !== '/notes' && id === undefined) throw new Refusal(404, 'Notes are under /notes.')
  const methods = id === undefined ? forCollection : forNote
  const method = req.method ?? ''
  const allow = [...methods.keys(), 'OPTIONS'].join(', ')
  if (method === 'OPTIONS') return { status: 204, headers: { allow } }
  const handler = methods.get(method)
  if (!handler) throw new Refusal(405, `Use ${allow}.`, { allow })
  if (method !== 'DELETE' && !acceptsJson(req.headers.accept)) throw new Refusal(406, 'There is only JSON.')
  return handler(req, id ?? '')
}

function refused(error: unknown): Reply {
  if (!(error instanceof Refusal)) {
    console.error(error)
    return { status: 500 }
  }
  const body = JSON.stringify({ status: error.status, title: error.message })
  return { status: error.status, headers: { 'content-type': 'application/problem+json', ...error.headers }, body }
}

function send(req: IncomingMessage, res: ServerResponse, { status, headers = {}, body }: Reply): void {
  if (res.destroyed) return
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
  res.writeHead(status, { ...headers, ...length })
  if (body === undefined || req.complete) {
    res.end(body)
    return
  }
  // The client is still sending. Closing now would reset the connection, and the answer could get lost on its way
  // (RFC 9112, 9.6): so the rest is read and dropped, for a while.
  res.write(body)
  req.resume()
  const timer = setTimeout(() => req.destroy(), 1000)
  finished(req, () => {
    clearTimeout(timer)
    res.end()
  })
}

const server = createServer((req, res) => {
  void answer(req)
    .catch(refused)
    .then((reply) => send(req, res, reply))
})
server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')

process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})
