import type { Client } from 'memjs'
import { openConnection } from '../connection.ts'
import { type Closers, linkedService, type ServiceHandle, serviceHandle } from './service-handle.ts'

export interface MemcachedService extends ServiceHandle {
  /** Straight to the server, not over the link. */
  readonly client: Client
  /** One command of the text protocol, e.g. `stats items`, and its whole answer. */
  raw(command: string): Promise<string>
}

export async function useMemcached(closers: Closers): Promise<MemcachedService> {
  const memjs = (await import('memjs')).default
  const handle = serviceHandle(linkedService('memcached'), closers)
  const client = memjs.Client.create(`${handle.host}:${handle.port}`, { retries: 1, timeout: 2 })
  closers.push(() => Promise.resolve(client.close()))
  return Object.assign(Object.create(handle) as ServiceHandle, {
    client,
    async raw(command: string) {
      const connection = await openConnection({ host: handle.host, port: handle.port })
      try {
        await connection.write(`${command}\r\n`)
        // The last line of every answer of the text protocol.
        return await connection.read(
          /(^|\n)(END|OK|STORED|NOT_STORED|EXISTS|NOT_FOUND|DELETED|TOUCHED|RESET|VERSION .*|\d+|HD.*|EN|ERROR|CLIENT_ERROR .*|SERVER_ERROR .*)\r?\n/,
        )
      } finally {
        connection.destroy()
      }
    },
  })
}
