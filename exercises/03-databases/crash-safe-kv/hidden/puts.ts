import { expect } from 'vitest'
import type { App, Connection } from 'learn-backend/kit'
import { kv } from './ledger.ts'

export async function put(app: App, key: string, value: Buffer | string): Promise<void> {
  expect(await app.put(kv(key), { body: value })).toHaveStatus(204)
}

/** The head of a PUT whose body the test sends by hand. */
export async function startPut(app: App, key: string, length: number): Promise<Connection> {
  const connection = await app.connect()
  await connection.write(
    `PUT ${kv(key)} HTTP/1.1\r\nHost: ${app.host}:${app.port}\r\nContent-Type: application/octet-stream\r\n` +
      `Content-Length: ${length}\r\nConnection: close\r\n\r\n`,
  )
  return connection
}
