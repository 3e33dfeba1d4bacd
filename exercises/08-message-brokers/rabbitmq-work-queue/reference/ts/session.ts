import { randomUUID } from 'node:crypto'
import { type Channel, connect, type ConsumeMessage } from 'amqplib'
import { settings, waitAfter, waitQueue } from './settings.ts'

export type Headers = Record<string, unknown>

/** A message in hand. It stays in its queue until it is acknowledged. */
export interface Delivery {
  body: Buffer
  headers: Headers
  /** It is done and never comes again. Throws when its connection is gone; then it comes again all the same. */
  acknowledge(): void
  /** Acknowledges it once it is safe in another queue. Rejects when it is not. */
  moveTo(queue: string, headers: Headers): Promise<void>
  /** Gives up the connection that it came on, so that the broker delivers it again. */
  giveBack(): void
}

/** One connection to the broker, from its opening until it breaks or is closed. */
export interface Session {
  /** Resolves when the connection is gone, for whatever reason. */
  ended: Promise<void>
  /** Resolves when the broker has the message safely in this queue; rejects when it has not, or when nobody knows. */
  publish(queue: string, body: Buffer, headers?: Headers): Promise<void>
  /** Asks the broker for no more deliveries. Some may be on their way. */
  stopConsuming(): Promise<void>
  close(): Promise<void>
}

/** Connects, declares the queues, and consumes if there is somebody to deliver to. */
export async function openSession(deliver?: (delivery: Delivery) => void): Promise<Session> {
  // noDelay: AMQP says many small things, and each would wait for the one before to be received (Nagle's algorithm).
  const connection = await connect(settings.amqpUrl, { noDelay: true, timeout: settings.confirmTimeoutMs })
  const ended = new Promise<void>((resolve) => connection.once('close', () => resolve()))
  // Without a listener an error event would end the process. What has to be done follows from the close event.
  connection.on('error', logError)

  const channels: Channel[] = []
  const closeAll = async () => {
    // The close of a connection overtakes what its channels still have to send, acknowledgements too. So they go first.
    for (const channel of channels) await channel.close().catch(() => {})
    await connection.close().catch(() => {})
  }
  let closing: Promise<void> | undefined
  const close = () => (closing ??= closeAll())
  const own = <T extends Channel>(channel: T): T => {
    channels.push(channel)
    channel.on('error', logError)
    // A channel that the broker closed would leave us deaf on a connection that lives: start over instead.
    channel.once('close', () => void close())
    return channel
  }

  try {
    const publisher = own(await connection.createConfirmChannel())
    // A message that no queue wanted is returned, and then confirmed like any other.
    const returned = new Set<string>()
    publisher.on('return', ({ properties }) => void returned.add(properties.messageId))
    await declareQueues(publisher)

    const publish: Session['publish'] = (queue, body, headers = {}) => {
      const messageId = randomUUID()
      const options = { persistent: true, mandatory: true, contentType: 'application/json', messageId, headers }
      const confirmed = new Promise<void>((resolve, reject) => {
        publisher.sendToQueue(queue, body, options, (error) => {
          if (error) return reject(error)
          if (!returned.delete(messageId)) return resolve()
          reject(new Error(`there is no queue ${queue}`))
          // The next session declares it again.
          void close()
        })
      })
      return within(settings.confirmTimeoutMs, confirmed)
    }

    const consume = async (): Promise<() => Promise<unknown>> => {
      if (!deliver) return async () => {}
      const consumer = own(await connection.createChannel())
      await consumer.prefetch(settings.prefetch)
      const receive = (message: ConsumeMessage | null) => {
        // The broker cancels a consumer whose queue is gone.
        if (message === null) return void close()
        const acknowledge = () => consumer.ack(message)
        deliver({
          body: message.content,
          headers: message.properties.headers ?? {},
          acknowledge,
          moveTo: (queue, headers) => publish(queue, message.content, headers).then(acknowledge),
          giveBack: () => void close(),
        })
      }
      const { consumerTag } = await consumer.consume(settings.queue, receive)
      return () => consumer.cancel(consumerTag)
    }
    const cancel = await consume()

    return {
      ended,
      publish,
      stopConsuming: () => within(settings.confirmTimeoutMs, cancel()).then(() => {}, logError),
      close: () => within(settings.confirmTimeoutMs, close()).catch(logError),
    }
  } catch (error) {
    void close()
    throw error
  }
}

async function declareQueues(channel: Channel): Promise<void> {
  await channel.assertQueue(settings.queue, { durable: true })
  await channel.assertQueue(settings.deadQueue, { durable: true })
  for (let failed = 1; failed < settings.maxAttempts; failed++) {
    const ms = waitAfter(failed)
    // Nobody consumes here. What expires goes to the default exchange, and from there to the queue of that name.
    await channel.assertQueue(waitQueue(ms), {
      durable: true,
      messageTtl: ms,
      deadLetterExchange: '',
      deadLetterRoutingKey: settings.queue,
    })
  }
}

/** Rejects when the broker takes longer than this. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer from the broker within ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function logError(error: Error): void {
  console.error(`broker: ${error.message}`)
}
