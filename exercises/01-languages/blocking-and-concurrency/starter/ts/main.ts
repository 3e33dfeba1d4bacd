import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { availableParallelism } from 'node:os'

const port = Number(process.env.PORT ?? 3000)
const upstreamUrl = process.env.UPSTREAM_URL ?? 'http://127.0.0.1:4000'
const workers = Number(process.env.WORKERS ?? availableParallelism())
const queueLimit = Number(process.env.QUEUE_LIMIT ?? 16)

// Your files are built into one. If you want worker threads or child processes, let them start this same file again
// (import.meta.url) and ask isMainThread, or an argument, which part is wanted.

function handle(request: IncomingMessage, response: ServerResponse): void {
  answer(response, 501, { error: `${request.method} ${request.url} is not built yet` })
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

createServer(handle).listen(port, '127.0.0.1', () => {
  console.log(`Listening on port ${port}: ${workers} workers, ${queueLimit} may wait, lookups at ${upstreamUrl}`)
})
