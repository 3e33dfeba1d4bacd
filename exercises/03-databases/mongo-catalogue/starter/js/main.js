import { createServer } from 'node:http'
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

async function handle(request, response) {
  const body = await readJson(request)
  if (request.method === 'POST' && request.url === '/products') await addProduct(response, body)
  else send(response, 404, { error: 'There is nothing here' })
}

// Begin here: store the product in `products` and answer 201 with it.
async function addProduct(response, body) {
  send(response, 501, { error: `Not built yet; there are ${await products.countDocuments()} products` })
}

/** The body of the request, or undefined if it is not JSON. */
async function readJson(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  try {
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch {
    return undefined
  }
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

server.listen(port, '127.0.0.1', () => console.log(`Listening on port ${port}`))
