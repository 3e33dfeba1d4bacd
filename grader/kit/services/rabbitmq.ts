import { randomBytes } from 'node:crypto'
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib'
import { deleteVirtualHost, recreateVirtualHost } from '../../services/rabbitmq-management.ts'
import { type Closers, linkedService, type ServiceHandle, serviceHandle } from './service-handle.ts'

export interface VirtualHost {
  name: string
  /** Straight to the server. */
  url: string
  /** What makes an instance of the solution use it, over the link. */
  env: Record<string, string>
  /** On a connection of its own, closed after the test. */
  channel(): Promise<Channel>
  confirmChannel(): Promise<ConfirmChannel>
  /** Messages that are ready (not those that a consumer holds), and consumers; undefined when there is no such queue. */
  queue(name: string): Promise<{ messages: number; consumers: number } | undefined>
}

export interface RabbitmqService extends ServiceHandle, Pick<VirtualHost, 'channel' | 'confirmChannel' | 'queue'> {
  /** A new empty virtual host. */
  vhost(): Promise<VirtualHost>
}

export async function useRabbitmq(closers: Closers): Promise<RabbitmqService> {
  const amqplib = await import('amqplib')
  const linked = linkedService('rabbitmq')
  const handle = serviceHandle(linked, closers)
  const accessTo = (name: string): Pick<VirtualHost, 'channel' | 'confirmChannel' | 'queue'> => {
    let shared: Promise<ChannelModel> | undefined
    const connect = async () => {
      const connection = await amqplib.connect(
        { hostname: handle.host, port: handle.port, username: 'guest', password: 'guest', vhost: name },
        // Without it a handshake waits 40 ms for a delayed acknowledgement.
        { noDelay: true },
      )
      // The test may stop the broker.
      connection.on('error', () => {})
      closers.unshift(() => connection.close())
      return connection
    }
    const ownChannel = async <T extends Channel>(open: (connection: ChannelModel) => Promise<T>): Promise<T> => {
      const channel = await open(await connect())
      channel.on('error', () => {})
      return channel
    }
    return {
      channel: () => ownChannel((connection) => connection.createChannel()),
      confirmChannel: () => ownChannel((connection) => connection.createConfirmChannel()),
      async queue(queue) {
        shared ??= connect()
        // A broker that was stopped meanwhile took the connection with it.
        const open = async () => (await shared)?.createChannel()
        const channel = await open().catch(() => {
          shared = connect()
          return open()
        })
        channel?.on('error', () => {})
        try {
          const found = await channel?.checkQueue(queue)
          await channel?.close()
          return found && { messages: found.messageCount, consumers: found.consumerCount }
        } catch (error) {
          // 404 closes the channel.
          if ((error as { code?: number }).code === 404) return undefined
          throw error
        }
      },
    }
  }
  return Object.assign(Object.create(handle) as ServiceHandle, {
    ...accessTo('/'),
    async vhost() {
      const name = `test-${randomBytes(5).toString('hex')}`
      const management = { host: handle.host, port: linked.server.ports['management'] ?? 0 }
      await recreateVirtualHost(management, name)
      closers.push(() => deleteVirtualHost(management, name))
      const rename = (url: string) => `${url}${name}`
      const env = Object.fromEntries(Object.entries(handle.env).map(([key, url]) => [key, rename(url)]))
      return { name, url: rename(handle.url), env, ...accessTo(name) }
    },
  })
}
