import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { keepConnected } from './broker.ts'
import { parse, readTask } from './job.ts'
import type { Delivery } from './session.ts'
import { settings } from './settings.ts'
import { work } from './worker.ts'

const inHand = new Set<Promise<void>>()

function take(delivery: Delivery) {
  const working = work(delivery).finally(() => inHand.delete(working))
  inHand.add(working)
}

const broker = keepConnected(settings.works ? take : undefined)

async function handle(request: IncomingMessage, response: ServerResponse) {
  const route = `${request.method} ${request.url}`
  if (route === 'GET /health') return sendJson(response, 200, { status: 'ok' })
  if (route === 'GET /ready') return sendJson(response, broker.ready() ? 200 : 503, { ready: broker.ready() })
  if (route === 'POST /jobs' && settings.accepts) return accept(request, response)
  return sendJson(response, 404, { error: 'there is nothing here' })
}

async function accept(request: IncomingMessage, response: ServerResponse) {
  const task = readTask(parse(await buffer(request)))
  if (task === undefined) return sendJson(response, 400, { error: 'a job is {"task": "...", "data": {...}}' })
  const id = randomUUID()
  try {
    await broker.publish(settings.queue, Buffer.from(JSON.stringify({ id, ...task })))
  } catch (error) {
    console.error(`job ${id}: ${error instanceof Error ? error.message : error}`)
    return sendJson(response, 503, { error: 'the job could not be put into the queue, try again' })
  }
  return sendJson(response, 202, { id })
}

function sendJson(response: ServerResponse, status: number, value: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

const server = createServer((request, response) => {
  // Only the reading of the client's own body can fail here, and then there is nobody left to answer.
  handle(request, response).catch(() => response.destroy())
})
server.listen(settings.port, '127.0.0.1', () => console.log(`listening on port ${settings.port}`))

process.once('SIGTERM', async () => {
  const closed = new Promise((resolve) => server.close(resolve))
  await broker.stopConsuming()
  await Promise.all([closed, ...inHand])
  await broker.close()
  process.exit(0)
})
