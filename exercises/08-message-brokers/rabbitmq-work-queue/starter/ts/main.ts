import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'amqplib'

const port = Number(process.env.PORT ?? 3000)
const role = process.env.ROLE ?? 'both'
const amqpUrl = process.env.AMQP_URL ?? 'amqp://guest:guest@127.0.0.1:5672/%2f'
const queue = process.env.QUEUE ?? 'jobs'

function handle(request: IncomingMessage, response: ServerResponse) {
  // Begin with GET /health, then connect to the broker.
  sendJson(response, 501, { error: `${request.method} ${request.url} is not implemented yet` })
}

function sendJson(response: ServerResponse, status: number, value: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

/** Not called yet: this is how a client connects. https://amqp-node.github.io/amqplib/ tells what it can do then. */
export async function openChannel() {
  const connection = await connect(amqpUrl)
  return connection.createConfirmChannel()
}

createServer(handle).listen(port, '127.0.0.1', () => {
  console.log(`${role} for the queue ${queue} on http://127.0.0.1:${port}`)
})
