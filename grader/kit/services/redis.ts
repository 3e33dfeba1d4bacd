import type { Redis } from 'ioredis'
import { type Closers, linkedService, type ServiceHandle, serviceHandle } from './service-handle.ts'

export interface RedisService extends ServiceHandle {
  /** Straight to the server, not over the link. */
  readonly client: Redis
}

export async function useRedis(closers: Closers): Promise<RedisService> {
  const { Redis } = await import('ioredis')
  const handle = serviceHandle(linkedService('redis'), closers)
  let client: Redis | undefined
  let port = 0
  return Object.create(handle, {
    client: {
      get() {
        // A container may come back under another port.
        if (!client || port !== handle.port) {
          client?.disconnect()
          port = handle.port
          const opened = new Redis({
            host: handle.host,
            port,
            lazyConnect: true,
            maxRetriesPerRequest: 3,
            retryStrategy: () => 30,
          })
          opened.on('error', () => {})
          closers.push(() => Promise.resolve(opened.disconnect()))
          client = opened
        }
        return client
      },
    },
  }) as RedisService
}
