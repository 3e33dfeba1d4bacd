import { createServer } from 'node:http'
import { availableParallelism } from 'node:os'

const port = Number(process.env.PORT ?? 3000)
const upstreamUrl = process.env.UPSTREAM_URL ?? 'http://127.0.0.1:4000'
const workers = Number(process.env.WORKERS ?? availableParallelism())
const queueLimit = Number(process.env.QUEUE_LIMIT ?? 16)

function handle(request, response) {
  answer(response, 501, { error: `${request.method} ${request.url} is not built yet` })
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

createServer(handle).listen(port, '127.0.0.1', () => {
  console.log(`Listening on port ${port}: ${workers} workers, ${queueLimit} may wait, lookups at ${upstreamUrl}`)
})
