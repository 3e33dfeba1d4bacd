import { request } from 'node:http'
import type { Address } from './address.ts'

/** Creates an empty virtual host that the user `guest` may use; one of that name is deleted first, with all in it. */
export async function recreateVirtualHost(management: Address, name: string): Promise<void> {
  await deleteVirtualHost(management, name)
  const host = encodeURIComponent(name)
  await call(management, 'PUT', `/api/vhosts/${host}`, [201, 204])
  await call(management, 'PUT', `/api/permissions/${host}/guest`, [201, 204], {
    configure: '.*',
    write: '.*',
    read: '.*',
  })
}

/** Deletes a virtual host and closes its connections; one that is not there is fine. */
export async function deleteVirtualHost(management: Address, name: string): Promise<void> {
  await call(management, 'DELETE', `/api/vhosts/${encodeURIComponent(name)}`, [204, 404])
}

/** One call of RabbitMQ's management API. @throws Error when the status is none of those expected */
function call(
  { host, port }: Address,
  method: string,
  path: string,
  expected: number[],
  json?: unknown,
): Promise<string> {
  const body = json === undefined ? '' : JSON.stringify(json)
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host,
        port,
        method,
        path,
        auth: 'guest:guest',
        agent: false,
        timeout: 10_000,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.once('end', () => {
          if (expected.includes(answer.statusCode ?? 0)) resolve(text)
          else reject(new Error(`RabbitMQ answered ${answer.statusCode} to ${method} ${path}: ${text.slice(0, 200)}`))
        })
      },
    )
    asked.once('timeout', () => asked.destroy(new Error(`RabbitMQ did not answer ${method} ${path}`)))
    asked.once('error', reject)
    asked.end(body)
  })
}
