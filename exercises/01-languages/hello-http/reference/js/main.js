import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const port = Number(process.env.PORT ?? 3000)
const warmupMs = Number(process.env.WARMUP_MS ?? 0)
const longestWait = 5000

let stopping = false

const server = createServer((request, response) => {
  // By hand, because `new URL` would rewrite the path ("/hello/..") and throws on some ("//").
  const [path = '', query = ''] = (request.url ?? '').split('?', 2)
  const params = new URLSearchParams(query)

  if (request.method !== 'GET') {
    response.setHeader('allow', 'GET')
    return refuse(response, 405, 'Only GET is supported')
  }
  if (path === '/health') return answer(response, 200, { status: 'ok' })
  if (path === '/slow') return slow(response, params.get('ms') ?? '')
  const segment = /^\/hello\/([^/]+)$/.exec(path)?.[1]
  if (segment !== undefined) return greet(response, segment)
  return refuse(response, 404, 'There is nothing at this path')
})

function greet(response, segment) {
  let name
  try {
    name = decodeURIComponent(segment)
  } catch {
    return refuse(response, 400, 'The name is not valid percent-encoded UTF-8')
  }
  answer(response, 200, { message: `Hello, ${name}` })
}

function slow(response, text) {
  // Digits only: Number() would also take '', '1e3' and '0x10', and a timer of Infinity or NaN fires at once.
  const ms = /^\d+$/.test(text) ? Number(text) : NaN
  if (!(ms <= longestWait)) {
    return refuse(response, 400, `ms must be a whole number from 0 to ${longestWait}`)
  }
  const timer = setTimeout(() => answer(response, 200, { waited: ms }), ms)
  // Nobody waits for the answer any more when the client has gone: neither should the shutdown.
  response.on('close', () => clearTimeout(timer))
}

function refuse(response, status, error) {
  answer(response, status, { error })
}

function answer(response, status, body) {
  // Otherwise a client may keep its connection for the next request, and the process with it.
  if (stopping) response.setHeader('connection', 'close')
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length })
  response.end(bytes)
}

process.once('SIGTERM', () => {
  stopping = true
  if (!server.listening) process.exit(0) // Still warming up: nothing is in flight.
  // No new connections; the process ends by itself when the last request in flight is answered.
  server.close()
})

await sleep(warmupMs) // In a real service: read the configuration, connect to the database, fill the caches.
server.listen(port, () => console.log(`Listening on port ${port}`))
