import { randomBytes } from 'node:crypto'
import type { Client, ClientConfig } from 'pg'
import type { ServiceLink } from '../../services/link/service-link.ts'
import { type Closers, linkedService, type ServiceHandle, serviceHandle } from './service-handle.ts'

export interface Database {
  name: string
  /** Straight to the server. */
  url: string
  /** What makes an instance of the solution use it, over {@link link}. */
  env: Record<string, string>
  /** A link of its own. */
  link: ServiceLink
  // eslint-disable-next-line typescript/no-explicit-any -- a row has the shape of its query
  query<Row = any>(sql: string, params?: unknown[]): Promise<Row[]>
  /** A connection of its own, for locks and transactions; closed after the test. */
  connect(): Promise<Client>
}

export interface PostgresService extends ServiceHandle, Pick<Database, 'query' | 'connect'> {
  /** A new empty database on the same server. */
  database(): Promise<Database>
}

export async function usePostgres(closers: Closers): Promise<PostgresService> {
  const pg = (await import('pg')).default
  const handle = serviceHandle(linkedService('postgres'), closers)
  const open = async (database: string): Promise<Client> => {
    const { host, port } = handle
    const config: ClientConfig = { host, port, user: 'learner', password: 'learner', database }
    const client = new pg.Client({ ...config, connectionTimeoutMillis: 3000 })
    // The server may be stopped by the test.
    client.on('error', () => {})
    await client.connect()
    return client
  }
  const accessTo = (name: string): Pick<Database, 'query' | 'connect'> => ({
    async query(sql, params) {
      const client = await open(name)
      try {
        return (await client.query(sql, params)).rows
      } finally {
        await client.end()
      }
    },
    async connect() {
      const client = await open(name)
      closers.push(() => client.end())
      return client
    },
  })
  return Object.assign(Object.create(handle) as ServiceHandle, {
    ...accessTo('app'),
    async database() {
      const name = `test_${randomBytes(5).toString('hex')}`
      const admin = accessTo('postgres')
      await admin.query(`CREATE DATABASE ${name}`)
      closers.push(() => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
      const rename = (url: string) => url.replace(/\/app$/, `/${name}`)
      const link = await handle.newLink()
      const env = Object.fromEntries(Object.entries(link.env).map(([key, url]) => [key, rename(url)]))
      return { name, url: rename(handle.url), env, link, ...accessTo(name) }
    },
  })
}
