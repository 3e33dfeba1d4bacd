import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { Kafka, logLevel } from 'kafkajs'
import { parseEvent, parseObject } from './events.ts'
import { OrderFiles } from './order-files.ts'
import { orderFrom } from './order.ts'
import { Projection } from './projection.ts'
import { Publisher } from './publisher.ts'
import { readSettings } from './settings.ts'

const settings = readSettings(process.env)
const kafka = new Kafka({ clientId: 'orders', brokers: settings.brokers, logLevel: logLevel.NOTHING })
const publisher = new Publisher(kafka)
const files = new OrderFiles(settings.dataDir)
const projection = new Projection(kafka, files, publisher, settings)

interface Reply {
  status: number
  body: unknown
}

const refuse = (status: number, error: string): Reply => ({ status, body: { error } })

async function publish(orderId: string, request: IncomingMessage): Promise<Reply> {
  const body = parseObject(await text(request))
  const id = body && 'id' in body ? body['id'] : randomUUID()
  const value = JSON.stringify({ ...body, id, orderId })
  const event = parseEvent(value)
  if (!body || typeof event === 'string') return refuse(400, 'The body must be an event of a known type.')
  try {
    await publisher.publishWithin(settings.publishTimeoutMs, settings.topic, { key: orderId, value })
  } catch (error) {
    return refuse(503, `The event could not be published: ${(error as Error).message}`)
  }
  return { status: 202, body: { id } }
}

async function show(orderId: string): Promise<Reply> {
  const events = await files.events(orderId)
  if (events.length === 0) return refuse(404, 'There is no such order.')
  return { status: 200, body: orderFrom(orderId, events) }
}

async function answer(request: IncomingMessage): Promise<Reply> {
  const [, name, encodedId = '', events] = (request.url ?? '').split('?', 1)[0]?.split('/') ?? []
  const orderId = decode(encodedId)
  if (name !== 'orders' || !orderId) return refuse(404, 'There is nothing here.')
  if (request.method === 'POST' && events === 'events') return publish(orderId, request)
  if (request.method === 'GET' && events === undefined) return show(orderId)
  return refuse(404, 'There is nothing here.')
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

const server = createServer((request, response) => {
  void answer(request)
    .catch((error: unknown) => {
      console.error(error)
      return refuse(500, 'Something went wrong here.')
    })
    .then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
})

server.listen(settings.port, '127.0.0.1', () => console.log(`orders on http://127.0.0.1:${settings.port}`))
void projection.run()

process.once('SIGTERM', async () => {
  // Without Kafka there is nobody to say goodbye to.
  setTimeout(() => process.exit(0), 2500).unref()
  server.close()
  await projection.close()
  await publisher.close()
  process.exit(0)
})
