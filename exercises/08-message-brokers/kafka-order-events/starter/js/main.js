import { createServer } from 'node:http'
import { Kafka, logLevel } from 'kafkajs'

const port = Number(process.env.PORT ?? 3000)
const brokers = (process.env.KAFKA_BROKERS ?? '127.0.0.1:9092').split(',')

const kafka = new Kafka({ clientId: 'orders', brokers, logLevel: logLevel.ERROR })

// kafkajs gives you a producer and a consumer. Connect each of them once, and keep it.
const producer = kafka.producer()

async function handle(request, response) {
  // Begin with POST /orders/<orderId>/events: one message, sent with the producer.
  sendJson(response, 501, { error: `${request.method} ${request.url} is not implemented yet` })
}

function sendJson(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

createServer(handle).listen(port, '127.0.0.1', () => {
  console.log(`orders on http://127.0.0.1:${port}, Kafka at ${brokers.join(', ')}`)
})

producer.connect().catch((error) => console.error(`no Kafka yet: ${error.message}`))
