import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { connected } from './cache.ts'
import type { Answer } from './origin.ts'
import { readProduct, writeProduct } from './products.ts'
import { settings } from './settings.ts'

async function handle(request: IncomingMessage, response: ServerResponse) {
  const id = /^\/products\/([\w-]{1,64})$/.exec(request.url ?? '')?.[1]
  if (id === undefined) return send(response, { status: 404, body: JSON.stringify({ error: 'no such page' }) })
  switch (request.method) {
    case 'GET': {
      const answer = await readProduct(id)
      return send(response, answer, { 'x-cache': answer.cache })
    }
    case 'PUT':
    case 'DELETE':
      return send(response, await writeProduct(request.method, id, await buffer(request)))
    default:
      return send(response, { status: 405, body: JSON.stringify({ error: 'GET, PUT or DELETE' }) })
  }
}

function send(response: ServerResponse, { status, body }: Answer, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

const server = createServer((request, response) => {
  // Only the reading of the client's own body can fail here, and then there is nobody left to answer.
  handle(request, response).catch(() => response.destroy())
})

await connected()
server.listen(settings.port, '127.0.0.1', () => console.log(`cache for ${settings.originUrl} on port ${settings.port}`))
