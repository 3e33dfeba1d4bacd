import { type Delivery, openSession, type Session } from './session.ts'
import { settings } from './settings.ts'

export interface Broker {
  ready(): boolean
  /** Rejects unless the broker has the message safely in this queue. */
  publish(queue: string, body: Buffer): Promise<void>
  /** From now on nothing is delivered. */
  stopConsuming(): Promise<void>
  close(): Promise<void>
}

/** Keeps a session with the broker, a new one whenever the last has ended, until it is closed. */
export function keepConnected(deliver?: (delivery: Delivery) => void): Broker {
  let session: Session | undefined
  let stopped = false
  let closed = false

  // What comes after the stop is not acknowledged, so it goes back to the queue when the session is closed.
  const receive = deliver && ((delivery: Delivery) => void (stopped || deliver(delivery)))

  // One loop, so that there is one session at most, however many events tell of its end.
  async function run() {
    while (!closed) {
      try {
        session = await openSession(receive)
        console.log('broker: connected')
        await session.ended
        console.error('broker: the connection is gone')
      } catch (error) {
        console.error(`broker: ${error instanceof Error ? error.message : error}`)
      }
      session = undefined
      await new Promise((resolve) => setTimeout(resolve, settings.reconnectMs))
    }
  }

  void run()
  return {
    ready: () => session !== undefined,
    async publish(queue, body) {
      if (session === undefined) throw new Error('not connected to the broker')
      await session.publish(queue, body)
    },
    async stopConsuming() {
      stopped = true
      await session?.stopConsuming()
    },
    async close() {
      closed = true
      await session?.close()
    },
  }
}
