import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { MongoError, MongoServerError } from 'mongodb'
import { Catalogue } from './catalogue.ts'
import { parseParameters, refuseOthers, takeFilter } from './filter.ts'
import { takePage } from './page.ts'
import { parsePatch, parseProduct, parseStockChange } from './product.ts'
import { bad, Refusal } from './refusal.ts'

interface Reply {
  status: number
  body?: unknown
}

const port = Number(process.env.PORT ?? 3000)
const url = process.env.MONGODB_URL ?? 'mongodb://127.0.0.1:27017/app'
const catalogue = new Catalogue(url, Number(process.env.DB_TIMEOUT_MS ?? 2000))

async function answer(request: IncomingMessage): Promise<Reply> {
  const { pathname, searchParams } = new URL(`http://localhost${request.url ?? '/'}`)
  const [collection, sku, part, ...rest] = pathname.slice(1).split('/')
  const route = `${request.method} /${[collection, sku && ':sku', part, ...rest].filter((one) => one !== undefined).join('/')}`
  switch (route) {
    case 'POST /products':
      return { status: 201, body: await catalogue.add(parseProduct(await readJson(request))) }
    case 'GET /products': {
      const parameters = parseParameters(searchParams)
      const [filter, page] = [takeFilter(parameters), takePage(parameters)]
      refuseOthers(parameters)
      return { status: 200, body: await catalogue.page(filter, page) }
    }
    case 'GET /facets': {
      const parameters = parseParameters(searchParams)
      const filter = takeFilter(parameters)
      refuseOthers(parameters)
      return { status: 200, body: await catalogue.facets(filter) }
    }
    case 'GET /products/:sku':
      return { status: 200, body: await catalogue.get(decoded(sku)) }
    case 'PATCH /products/:sku': {
      const { version, patch } = parsePatch(await readJson(request))
      return { status: 200, body: await catalogue.patch(decoded(sku), version, patch) }
    }
    case 'POST /products/:sku/stock':
      return { status: 200, body: await catalogue.changeStock(decoded(sku), parseStockChange(await readJson(request))) }
    case 'DELETE /products/:sku':
      await catalogue.remove(decoded(sku))
      return { status: 204 }
    default:
      throw new Refusal(404, 'there is nothing here')
  }
}

function decoded(sku = ''): string {
  try {
    return decodeURIComponent(sku)
  } catch {
    throw new Refusal(404, 'no product has such a sku')
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown
  } catch {
    throw bad('the body is not JSON')
  }
}

/** An answer of the database that is an error would be a mistake of ours. Every other failure means that there was no answer. */
function failed(error: unknown): Reply {
  if (error instanceof Refusal) return { status: error.status, body: { error: error.message } }
  console.error(error)
  if (error instanceof MongoError && !(error instanceof MongoServerError)) {
    return { status: 503, body: { error: 'the catalogue is not available, try again later' } }
  }
  return { status: 500, body: { error: 'something went wrong here' } }
}

function send(response: ServerResponse, { status, body }: Reply): void {
  if (body === undefined) response.writeHead(status).end()
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const server = createServer((request, response) => {
  void answer(request)
    .catch(failed)
    .then((reply) => send(response, reply))
})
server.listen(port, '127.0.0.1', () => console.log(`catalogue on http://127.0.0.1:${port}`))
process.once('SIGTERM', () => process.exit())
