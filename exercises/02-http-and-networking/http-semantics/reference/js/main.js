import { createServer } from 'node:http'
import { finished } from 'node:stream'
import { readJson } from './body.js'
import { mergePatch } from './json.js'
import { acceptsJson, matchesStrongly, matchesWeakly, mediaType } from './negotiation.js'
import { Notes } from './notes.js'
import { Refusal } from './refusal.js'

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */
/** @typedef {import('./notes.js').Note} Note */
/** @typedef {{ status: number, headers?: Record<string, string>, body?: string }} Reply */
/** @typedef {(req: IncomingMessage, id: string) => Reply | Promise<Reply>} Handler */

const notes = new Notes()

/** @type {Map<string, Handler>} */
const forCollection = new Map([
  ['GET', list],
  ['HEAD', list],
  ['POST', create],
])
/** @type {Map<string, Handler>} */
const forNote = new Map([
  ['GET', read],
  ['HEAD', read],
  ['PUT', replace],
  ['PATCH', patch],
  ['DELETE', remove],
])

/** @type {Handler} */
function list() {
  const texts = notes.all().map((note) => note.text)
  return json(200, `[${texts.join(',')}]`)
}

/** @type {Handler} */
async function create(req) {
  expectType(req, 'application/json')
  const value = await readJson(req)
  const note = notes.save(notes.freeId(), value)
  return json(201, note.text, { location: `/notes/${note.id}`, etag: note.etag })
}

/** @type {Handler} */
function read(req, id) {
  const note = existing(id)
  const known = req.headers['if-none-match']
  if (known !== undefined && matchesWeakly(known, note.etag)) return { status: 304, headers: { etag: note.etag } }
  return json(200, note.text, { etag: note.etag })
}

/**
 * No ETag: what is stored is not byte for byte what the client sent (RFC 9110, 9.3.4).
 * @type {Handler}
 */
async function replace(req, id) {
  expectType(req, 'application/json')
  const value = await readJson(req)
  // From here on without `await`: nobody can come between the check and the change.
  const before = notes.find(id)
  checkPreconditions(req, before)
  return json(before ? 200 : 201, notes.save(id, value).text)
}

/** @type {Handler} */
async function patch(req, id) {
  expectType(req, 'application/merge-patch+json', { 'accept-patch': 'application/merge-patch+json' })
  const changes = await readJson(req)
  const before = existing(id)
  checkPreconditions(req, before)
  const note = notes.save(id, mergePatch(before.content, changes))
  return json(200, note.text, { etag: note.etag })
}

/** @type {Handler} */
function remove(req, id) {
  checkPreconditions(req, existing(id))
  notes.remove(id)
  return { status: 204 }
}

/**
 * @param {string} id
 * @returns {Note}
 */
function existing(id) {
  const note = notes.find(id)
  if (!note) throw new Refusal(404, 'There is no such note.')
  return note
}

/**
 * @param {IncomingMessage} req
 * @param {string} type
 * @param {Record<string, string>} [headers]
 */
function expectType(req, type, headers) {
  if (mediaType(req.headers['content-type']) !== type) throw new Refusal(415, `Send ${type}.`, headers)
}

/**
 * @param {IncomingMessage} req
 * @param {Note | undefined} note
 */
function checkPreconditions(req, note) {
  const wanted = req.headers['if-match']
  if (wanted !== undefined && !(note && matchesStrongly(wanted, note.etag))) {
    throw new Refusal(412, 'The note is not the one that If-Match names.')
  }
  const unwanted = req.headers['if-none-match']
  if (unwanted !== undefined && note && matchesWeakly(unwanted, note.etag)) {
    throw new Refusal(412, 'The note is one that If-None-Match excludes.')
  }
}

/**
 * @param {number} status
 * @param {string} body
 * @param {Record<string, string>} [headers]
 * @returns {Reply}
 */
function json(status, body, headers = {}) {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body }
}

/**
 * @param {IncomingMessage} req
 * @returns {Promise<Reply>}
 */
async function answer(req) {
  const path = (req.url ?? '').split('?', 1)[0]
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

/**
 * @param {unknown} error
 * @returns {Reply}
 */
function refused(error) {
  if (!(error instanceof Refusal)) {
    console.error(error)
    return { status: 500 }
  }
  const body = JSON.stringify({ status: error.status, title: error.message })
  return { status: error.status, headers: { 'content-type': 'application/problem+json', ...error.headers }, body }
}

/**
 * @param {IncomingMessage} req
 * @param {ServerResponse} res
 * @param {Reply} reply
 */
function send(req, res, { status, headers = {}, body }) {
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
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')

process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})
