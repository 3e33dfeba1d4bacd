import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Client } from 'memjs'

const port = Number(process.env.PORT ?? 3000)
const users = new Map(Object.entries(JSON.parse(process.env.USERS ?? '{}') as Record<string, string>))

// Connects when it is first used. Its other options are worth a look. `gets` and `cas` in ./cas.ts work with it.
const memcached = Client.create(process.env.MEMCACHED_SERVERS ?? '127.0.0.1:11211')

async function handle(request: IncomingMessage, response: ServerResponse) {
  // Begin with GET /catalog, which needs neither users nor memcached.
  sendJson(response, 501, { error: `${request.method} ${request.url} is not implemented yet` })
}

function sendJson(response: ServerResponse, status: number, value: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    console.error(error)
    response.destroy()
  })
})

server.listen(port, '127.0.0.1', () => {
  console.log(`${users.size} users, ${memcached.servers.length} server for sessions, http://127.0.0.1:${port}`)
})
