import { Client } from 'memjs'
import { cas, gets, type Versioned } from './cas.ts'
import { settings } from './settings.ts'

/** Memcached did not answer: nobody knows what is in it, or whether the command was done. */
export class Unavailable extends Error {}

let client: Client | undefined

export const memcached = {
  get: (key: string): Promise<Versioned | undefined> => run((one) => gets(one, key)),
  /** False if the key is there already. */
  add: (key: string, value: string, ttl: number): Promise<boolean> =>
    run((one) => one.add(key, value, { expires: expiry(ttl) })),
  replace: (key: string, value: string, { ttl, ...mark }: { ttl: number; cas: Buffer }) =>
    run((one) => cas(one, key, value, { ...mark, expires: expiry(ttl) })),
  /** False if there is no such key; so with `delete`. */
  touch: (key: string, ttl: number): Promise<boolean> => run((one) => one.touch(key, expiry(ttl))),
  delete: (key: string): Promise<boolean> => run((one) => one.delete(key)),
}

/** Memcached takes more than 30 days for a point in time, in seconds since 1970. */
function expiry(ttl: number): number {
  const thirtyDays = 30 * 24 * 60 * 60
  return ttl > thirtyDays ? Math.floor(Date.now() / 1000) + ttl : ttl
}

async function run<T>(command: (client: Client) => Promise<T>): Promise<T> {
  client ??= connect()
  const current = client
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    // memjs has a timeout of its own, but forgets commands whose connection was closed in the meantime.
    timer = setTimeout(() => reject(new Error('no answer in time')), settings.memcachedTimeoutMs)
  })
  try {
    return await Promise.race([command(current), late])
  } catch (cause) {
    // After a failure nobody knows what is still to come on this connection: away with it, the next command gets a new one.
    if (client === current) client = undefined
    current.close()
    throw new Unavailable('memcached is not available', { cause })
  } finally {
    clearTimeout(timer)
  }
}

function connect(): Client {
  const seconds = settings.memcachedTimeoutMs / 1000
  const logger = { log: (message: string) => console.error(message) }
  return Client.create(settings.memcachedServers, { timeout: seconds, conntimeout: seconds, retries: 1, logger })
}
