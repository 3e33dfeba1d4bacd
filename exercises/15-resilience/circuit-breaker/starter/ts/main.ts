import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

const port = Number(process.env.PORT ?? 3000)
const upstreamUrl = process.env.UPSTREAM_URL ?? 'http://127.0.0.1:4000'

function handle(request: IncomingMessage, response: ServerResponse) {
  // Begin with GET /status, then pass everything else on to the upstream.
  sendJson(response, 501, { error: `${request.method} ${request.url} is not implemented yet` })
}

function sendJson(response: ServerResponse, status: number, value: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

createServer(handle).listen(port, '127.0.0.1', () => {
  console.log(`gateway for ${upstreamUrl} on http://127.0.0.1:${port}`)
})
