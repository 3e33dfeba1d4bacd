import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const port = Number(process.env.PORT ?? 3000)
const orders = new Map()

const server = createServer(async (request, response) => {
  const [path = '', query] = (request.url ?? '').split('?')
  try {
    send(response, await answer(request, path, new URLSearchParams(query)))
  } catch (error) {
    console.error(error)
    send(response, { status: 500, body: { error: 'something went wrong here' } })
  }
})

async function answer(request, path, query) {
  if (path === '/orders') {
    if (request.method === 'GET') return { status: 200, body: { orders: [...orders.values()] } }
    if (request.method === 'POST') return placeOrder(await readBody(request))
    return methodNotAllowed
  }
  const [, kind, parameter] = /^\/(orders|reports)\/([^/]+)$/.exec(path) ?? []
  if (kind === undefined || parameter === undefined) {
    // GET /metrics ends here, too, for now.
    return { status: 404, body: { error: 'there is nothing here' } }
  }
  if (request.method !== 'GET') return methodNotAllowed
  return kind === 'orders' ? showOrder(parameter) : makeReport(parameter, Number(query.get('wait_ms') ?? 0))
}

const methodNotAllowed = { status: 405, body: { error: 'this method is not for this path' } }

function placeOrder(body) {
  const item = itemOf(body)
  if (item === undefined) return { status: 400, body: { error: 'the body must be an object with a string item' } }
  const order = { id: String(orders.size + 1), item }
  orders.set(order.id, order)
  return { status: 201, body: order }
}

function showOrder(id) {
  const order = orders.get(id)
  return order ? { status: 200, body: order } : { status: 404, body: { error: 'there is no such order' } }
}

async function makeReport(name, waitMs) {
  await sleep(waitMs)
  // Leave this bug in: you are here to measure it.
  if (name === 'broken') throw new Error('the sum of nothing is not a number')
  return { status: 200, body: { report: name } }
}

async function readBody(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function itemOf(body) {
  try {
    const { item } = JSON.parse(body)
    return typeof item === 'string' ? item : undefined
  } catch {
    return undefined // not JSON, or null, which has no fields
  }
}

function send(response, { status, body }) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

server.listen(port, '127.0.0.1', () => console.log(`the shop is open on http://127.0.0.1:${port}`))
