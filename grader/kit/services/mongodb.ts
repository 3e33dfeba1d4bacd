import { randomBytes } from 'node:crypto'
import type { Db, MongoClient } from 'mongodb'
import { type Closers, linkedService, type ServiceHandle, serviceHandle } from './service-handle.ts'

export interface MongoDatabase {
  name: string
  /** Straight to the server. */
  url: string
  /** What makes an instance of the solution use it, over the link. */
  env: Record<string, string>
  db: Db
}

export interface MongodbService extends ServiceHandle {
  /** Straight to the server, not over the link. */
  readonly client: MongoClient
  /** The database `app`. */
  readonly db: Db
  /** A new empty database on the same server. */
  database(): Promise<MongoDatabase>
}

export async function useMongodb(closers: Closers): Promise<MongodbService> {
  const { MongoClient } = await import('mongodb')
  const handle = serviceHandle(linkedService('mongodb'), closers)
  const client = new MongoClient(`mongodb://${handle.host}:${handle.port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 3000,
  })
  closers.push(() => client.close())
  return Object.assign(Object.create(handle) as ServiceHandle, {
    async stop() {
      // A real server writes its journal every 100 ms only: what was acknowledged must not be lost with it.
      await client.db('admin').command({ fsync: 1 })
      await handle.stop()
    },
    client,
    db: client.db('app'),
    database() {
      const name = `test_${randomBytes(5).toString('hex')}`
      const db = client.db(name)
      closers.unshift(() => db.dropDatabase())
      const rename = (url: string) => url.replace(/\/app$/, `/${name}`)
      const env = Object.fromEntries(Object.entries(handle.env).map(([key, url]) => [key, rename(url)]))
      return Promise.resolve({ name, url: rename(handle.url), env, db })
    },
  })
}
