import { createServer } from 'node:http'
import { parseBatch } from './batch.js'
import { BadRequest, checkKey, MAX_VALUE } from './limits.js'
import { Store } from './store.js'

const MAX_BATCH = 16 << 20

const store = await Store.open(process.env.DATA_DIR ?? '.')

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    if (request.errored) return // the client went away: there is nobody to answer
    const known = error instanceof BadRequest
    if (!known) console.error(error)
    response.writeHead(known ? error.status : 500, { 'content-type': 'text/plain' })
    response.end(known ? `${error.message}\n` : 'The store failed, see its log\n')
  })
})

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function handle(request, response) {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const route = `${request.method} ${url.pathname}`
  switch (route) {
    case 'GET /kv': {
      const value = await store.get(checkKey(url.searchParams.get('key')))
      if (value === undefined) throw new BadRequest('There is no such key', 404)
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': value.length })
      response.end(value)
      return
    }
    case 'PUT /kv': {
      const key = checkKey(url.searchParams.get('key'))
      await store.write([{ key, value: await readBody(request, MAX_VALUE) }])
      break
    }
    case 'DELETE /kv':
      await store.write([{ key: checkKey(url.searchParams.get('key')) }])
      break
    case 'POST /batch':
      await store.write(parseBatch(await readBody(request, MAX_BATCH)))
      break
    default:
      throw new BadRequest(`There is no ${route}`, 404)
  }
  response.writeHead(204).end()
}

/**
 * The whole body. Throws when the client goes away before its end.
 * @param {import('node:http').IncomingMessage} request
 * @param {number} limit
 * @returns {Promise<Buffer>}
 */
async function readBody(request, limit) {
  const chunks = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    // What is too long is still read to its end: a client that is busy sending would not see the answer.
    if (length <= limit) chunks.push(chunk)
    else chunks.length = 0
  }
  if (length > limit) throw new BadRequest(`At most ${limit} bytes are accepted`, 413)
  return Buffer.concat(chunks)
}

process.on('SIGTERM', () => {
  server.close(() => void store.close().then(() => process.exit(0)))
  setTimeout(() => server.closeAllConnections(), 1000).unref()
})

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1')
