import { createServer } from 'node:http'
import { Redis } from 'ioredis'

const port = Number(process.env.PORT ?? 3000)
const originUrl = process.env.ORIGIN_URL ?? 'http://127.0.0.1:4000'

// A client that connects when it is first used. Its other options are worth a look.
const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', { lazyConnect: true })
redis.on('error', (error) => console.error(`redis: ${error.message}`))

async function handle(request, response) {
  // Begin with GET /products/{id}: ask the origin (fetch will do) and pass its answer on.
  sendJson(response, 501, { error: `${request.method} ${request.url} is not implemented yet` })
}

function sendJson(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    console.error(error)
    response.destroy()
  })
})

server.listen(port, '127.0.0.1', () => console.log(`cache for ${originUrl} on http://127.0.0.1:${port}`))
