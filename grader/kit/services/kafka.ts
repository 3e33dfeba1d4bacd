import type { IHeaders, Kafka } from 'kafkajs'
import { connectKafka } from '../../services/kafka-client.ts'
import { type Closers, linkedService, type ServiceHandle, serviceHandle } from './service-handle.ts'

export interface ProducedMessage {
  key?: string
  value: string
  headers?: Record<string, string>
  partition?: number
}

export interface ReadMessage {
  partition: number
  offset: number
  key: string | undefined
  value: string
  headers: Record<string, string>
}

export interface KafkaService extends ServiceHandle {
  /** Straight to the broker, not over the link. */
  readonly client: Kafka
  createTopic(name: string, partitions?: number): Promise<void>
  produce(topic: string, messages: ProducedMessage[]): Promise<void>
  /** Every message so far, by partition and offset; without a consumer group. */
  read(topic: string): Promise<ReadMessage[]>
  /** The offsets that a group has committed: the next one to be read, by partition. */
  committed(group: string, topic: string): Promise<Map<number, number>>
}

export async function useKafka(closers: Closers): Promise<KafkaService> {
  const linked = linkedService('kafka')
  const handle = serviceHandle(linked, closers)
  const direct = () => ({ host: handle.host, port: linked.server.ports['direct'] ?? handle.port })
  const connected = await connectKafka(direct())
  closers.push(() => connected[Symbol.asyncDispose]())
  const { kafka } = connected
  let admin: ReturnType<typeof connected.admin> | undefined
  const theAdmin = () => (admin ??= connected.admin())
  return Object.assign(Object.create(handle) as ServiceHandle, {
    client: kafka,
    async createTopic(topic: string, partitions = 3) {
      await (
        await theAdmin()
      ).createTopics({
        waitForLeaders: true,
        topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }],
      })
    },
    async produce(topic: string, messages: ProducedMessage[]) {
      const producer = kafka.producer({ allowAutoTopicCreation: true, retry: { retries: 3 } })
      await producer.connect()
      try {
        await producer.send({ topic, acks: -1, messages })
      } finally {
        await producer.disconnect()
      }
    },
    async read(topic: string) {
      const ends = await (await theAdmin()).fetchTopicOffsets(topic)
      return readAll(kafka, topic, new Map(ends.map(({ partition, high }) => [partition, Number(high)])))
    },
    async committed(groupId: string, topic: string) {
      const [found] = await (await theAdmin()).fetchOffsets({ groupId, topics: [topic] })
      return new Map(
        (found?.partitions ?? [])
          .filter(({ offset }) => Number(offset) >= 0)
          .map(({ partition, offset }) => [partition, Number(offset)] as const),
      )
    },
  })
}

/** Reads up to the given ends with a group of its own, which it never commits for. */
async function readAll(kafka: Kafka, topic: string, ends: Map<number, number>): Promise<ReadMessage[]> {
  const found: ReadMessage[] = []
  const open = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition))
  if (open.size === 0) return found
  const groupId = `learn-backend-reader-${Math.random().toString(36).slice(2)}`
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, sessionTimeout: 10_000, retry: { retries: 3 } })
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`reading ${topic} took more than 15 s`)), 15_000)
      consumer
        .run({
          autoCommit: false,
          eachMessage: ({ partition, message }) => {
            const offset = Number(message.offset)
            found.push({
              partition,
              offset,
              key: message.key?.toString('utf8'),
              value: message.value?.toString('utf8') ?? '',
              headers: plainHeaders(message.headers),
            })
            if (offset + 1 >= (ends.get(partition) ?? 0)) open.delete(partition)
            if (open.size === 0) {
              clearTimeout(timer)
              resolve()
            }
            return Promise.resolve()
          },
        })
        .catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return found.sort((left, right) => left.partition - right.partition || left.offset - right.offset)
}

function plainHeaders(headers: IHeaders | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]))
}
