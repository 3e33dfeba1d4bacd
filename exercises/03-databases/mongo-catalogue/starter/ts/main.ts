import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { MongoClient } from 'mongodb'

const port = Number(process.env.PORT ?? 3000)
const client = new MongoClient(process.env.MONGODB_URL ?? 'mongodb://127.0.0.1:27017/app')
const products = client.db().collection('products')

const server = createServer((request, response) => {
  console.log(request.method, request.url)
  handle(request, response).catch((error) => {
    console.error(error)
    send(response, 500, { error: 'Something went wrong' })
  })
})

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readJson(request)
  if (request.method === 'POST' && request.url === '/products') await addProduct(response, body)
  else send(response, 404, { error: 'There is nothing here' })
}

// Begin here: store the product in `products` and answer 201 with it.
async function addProduct(response: ServerResponse, body: unknown): Promise<void> {
  send(response, 501, { error: `Not built yet; there are ${await products.countDocuments()} products` })
}

/** The body of the request, or undefined if it is not JSON. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

server.listen(port, '127.0.0.1', () => console.log(`Listening on port ${port}`))
