import { isUtf8 } from 'node:buffer'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, EachMessagePayload, Kafka } from 'kafkajs'
import { parseEvent } from './events.ts'
import type { OrderFiles } from './order-files.ts'
import type { Publisher } from './publisher.ts'
import type { Settings } from './settings.ts'

/** Consumes the events as a member of the group, and keeps what they say in the order files. */
export class Projection {
  readonly #consumer: Consumer
  readonly #files: OrderFiles
  readonly #publisher: Publisher
  readonly #settings: Settings
  #closing = false

  constructor(kafka: Kafka, files: OrderFiles, publisher: Publisher, settings: Settings) {
    this.#files = files
    this.#publisher = publisher
    this.#settings = settings
    const beat = settings.sessionTimeoutMs / 5
    this.#consumer = kafka.consumer({
      groupId: settings.group,
      sessionTimeout: settings.sessionTimeoutMs,
      heartbeatInterval: beat,
      // kafkajs sends no heartbeats while it waits for messages.
      maxWaitTimeInMs: Math.min(beat, 500),
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 5 },
    })
    // After its last retry kafkajs gives up, and sometimes it starts again by itself.
    this.#consumer.on('consumer.crash', ({ payload }) => {
      if (!payload.restart) void this.run()
    })
  }

  /** Joins the group, however long it takes to find Kafka. */
  async run(): Promise<void> {
    while (!this.#closing) {
      try {
        await this.#consumer.connect()
        await this.#consumer.subscribe({ topic: this.#settings.topic, fromBeginning: true })
        await this.#consumer.run({
          // Commits after each message, that is, when `eachMessage` is through with it.
          autoCommitThreshold: 1,
          partitionsConsumedConcurrently: 4,
          eachMessage: (payload) => this.#keepAlive(payload),
        })
        return
      } catch (error) {
        console.error(`cannot consume yet: ${(error as Error).message}`)
        await sleep(500)
      }
    }
  }

  /** Finishes the message that is being handled, commits, and leaves the group. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#consumer.disconnect()
  }

  /** Handles a message with heartbeats all the while: the work may take longer than the session timeout. */
  async #keepAlive(payload: EachMessagePayload): Promise<void> {
    // A heartbeat that fails is no reason to stop here: kafkajs learns of it with its own next one.
    const beats = setInterval(() => payload.heartbeat().catch(() => {}), this.#settings.sessionTimeoutMs / 5)
    try {
      await this.#handle(payload)
    } finally {
      clearInterval(beats)
    }
  }

  async #handle({ topic, partition, message }: EachMessagePayload): Promise<void> {
    const { key, value, offset } = message
    const event = value && isUtf8(value) ? parseEvent(value.toString()) : 'poison'
    if (event === 'unknown type') return
    if (event === 'poison') {
      const headers = { topic, partition: String(partition), offset, reason: 'this is not an order event' }
      await this.#publisher.publish(this.#settings.deadLetterTopic, { key, value, headers })
      return
    }
    await sleep(this.#settings.workMs)
    await this.#files.append(event)
  }
}
