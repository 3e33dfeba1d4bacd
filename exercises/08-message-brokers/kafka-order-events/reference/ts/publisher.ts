import { setTimeout as sleep } from 'node:timers/promises'
import { type Kafka, type Message, Partitioners, type Producer } from 'kafkajs'

/** Publishes messages, and connects when the first one comes. */
export class Publisher {
  readonly #producer: Producer
  #connected: Promise<void> | undefined

  constructor(kafka: Kafka) {
    this.#producer = kafka.producer({
      // The same partition for a key as with the Java client.
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      // What is not through after a few seconds is the caller's to repeat.
      retry: { initialRetryTime: 50, maxRetryTime: 1000, retries: 6 },
    })
  }

  /** Resolves when all replicas have the message. */
  async publish(topic: string, message: Message): Promise<void> {
    this.#connected ??= this.#producer.connect()
    try {
      await this.#connected
    } catch (error) {
      this.#connected = undefined
      throw error
    }
    await this.#producer.send({ topic, acks: -1, messages: [message] })
  }

  /** The same, but it does not wait longer than this. The message may come through later nonetheless. */
  async publishWithin(ms: number, topic: string, message: Message): Promise<void> {
    const over = new AbortController()
    const published = this.publish(topic, message)
    const late = sleep(ms, undefined, { signal: over.signal }).then(() => {
      throw new Error(`Kafka has not confirmed within ${ms} ms`)
    })
    try {
      await Promise.race([published, late])
    } finally {
      over.abort()
      // Whoever lost the race may still fail; nobody listens any more.
      published.catch(() => {})
      late.catch(() => {})
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect()
  }
}
