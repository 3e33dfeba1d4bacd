import type { Admin, Kafka } from 'kafkajs'
import type { Address } from './address.ts'

/** A Kafka client whose connections end with it. */
export interface KafkaClient extends AsyncDisposable {
  kafka: Kafka
  /** A connected admin. @throws when the cluster does not answer */
  admin(signal?: AbortSignal): Promise<Admin>
}

/** Loads kafkajs, which takes a while, and prepares a client of one broker. */
export async function connectKafka({ host, port }: Address): Promise<KafkaClient> {
  const { Kafka, logLevel } = await import('kafkajs')
  const kafka = new Kafka({
    clientId: 'learn-backend',
    brokers: [`${host}:${port}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    requestTimeout: 10_000,
    retry: { retries: 0 },
  })
  const admins: Admin[] = []
  return {
    kafka,
    async admin(signal) {
      const admin = kafka.admin()
      admins.push(admin)
      const work = (async () => {
        await admin.connect()
        await admin.describeCluster()
      })()
      work.catch(() => {})
      await Promise.race([work, rejectionOf(signal)])
      return admin
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(admins.map((admin) => admin.disconnect()))
    },
  }
}

function rejectionOf(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason as Error)
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
