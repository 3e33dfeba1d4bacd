import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Reply {
  status: number
  body: unknown
}

export interface Route {
  method: string
  /** Names the route, and says what its paths look like. */
  template: string
  /** The status of a success. */
  success: number
  handle(call: Call): Reply | Promise<Reply>
}

export interface Call {
  request: IncomingMessage
  /** What stands in the place of `{id}` or `{name}`. */
  parameter: string
  query: URLSearchParams
}

const orders = new Map<string, { id: string; item: string }>()

export const routes: Route[] = [
  {
    method: 'GET',
    template: '/orders',
    success: 200,
    handle: () => ({ status: 200, body: { orders: [...orders.values()] } }),
  },
  {
    method: 'POST',
    template: '/orders',
    success: 201,
    async handle({ request }) {
      const item = itemOf(await readBody(request))
      if (item === undefined) return { status: 400, body: { error: 'the body must be an object with a string item' } }
      const order = { id: String(orders.size + 1), item }
      orders.set(order.id, order)
      return { status: 201, body: order }
    },
  },
  {
    method: 'GET',
    template: '/orders/{id}',
    success: 200,
    handle({ parameter }) {
      const order = orders.get(parameter)
      return order ? { status: 200, body: order } : { status: 404, body: { error: 'there is no such order' } }
    },
  },
  {
    method: 'GET',
    template: '/reports/{name}',
    success: 200,
    async handle({ parameter, query }) {
      await sleep(Number(query.get('wait_ms') ?? 0))
      if (parameter === 'broken') throw new Error('the sum of nothing is not a number')
      return { status: 200, body: { report: parameter } }
    },
  },
]

const patterns = routes.map(({ template }) => ({
  template,
  pattern: new RegExp(`^${template.replace(/\{\w+\}/, '([^/]+)')}$`),
}))

/** The template that fits a path, with what stands in its braces. */
export function findTemplate(path: string): { template: string; parameter: string } | undefined {
  for (const { template, pattern } of patterns) {
    const match = pattern.exec(path)
    if (match) return { template, parameter: match[1] ?? '' }
  }
  return undefined
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function itemOf(body: string): string | undefined {
  try {
    const { item } = JSON.parse(body)
    return typeof item === 'string' ? item : undefined
  } catch {
    return undefined // not JSON, or null, which has no fields
  }
}
