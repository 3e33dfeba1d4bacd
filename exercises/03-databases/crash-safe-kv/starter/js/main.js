import { createServer } from 'node:http'

const port = Number(process.env.PORT ?? 8080)
const dataDir = process.env.DATA_DIR ?? './data'

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    console.error(error)
    response.writeHead(500).end()
  })
})

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function handle(request, response) {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const key = url.searchParams.get('key')
  console.log(request.method, url.pathname, key)

  // Your work starts here: PUT, GET and DELETE /kv
  response.writeHead(501, { 'content-type': 'text/plain' }).end('Not built yet\n')
}

server.listen(port, '127.0.0.1', () => {
  console.log(`Listening on port ${port}, the data belongs into ${dataDir}`)
})
