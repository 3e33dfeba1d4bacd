import { createServer } from 'node:http'

const port = Number(process.env.PORT ?? 3000)
const upstreamUrl = process.env.UPSTREAM_URL ?? 'http://127.0.0.1:4000'

function handle(request, response) {
  // Begin with GET /status, then pass everything else on to the upstream.
  sendJson(response, 501, { error: `${request.method} ${request.url} is not implemented yet` })
}

function sendJson(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

createServer(handle).listen(port, '127.0.0.1', () => {
  console.log(`gateway for ${upstreamUrl} on http://127.0.0.1:${port}`)
})
