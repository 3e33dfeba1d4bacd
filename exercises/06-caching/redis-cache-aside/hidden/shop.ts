import { expect } from 'vitest'
import {
  type Answer,
  type App,
  type Random,
  type Reply,
  type SeenRequest,
  sleep,
  type StartOptions,
  type Upstream,
} from 'learn-backend/kit'

type Start = (options?: StartOptions) => Promise<App>
type Method = 'GET' | 'PUT' | 'DELETE'

/** The part of a Redis client that is needed here. */
interface Keys {
  exists(key: string): Promise<number>
  pttl(key: string): Promise<number>
  keys(pattern: string): Promise<string[]>
}

interface Settings {
  ttlMs?: number
  negativeTtlMs?: number
  redisTimeoutMs?: number
  originTimeoutMs?: number
  /** The environment of another link to Redis. */
  env?: Record<string, string>
}

/** Settings of an instance. Every limit that a test does not name is out of reach. */
export function settings(originUrl: string, own: Settings = {}): { env: Record<string, string> } {
  return {
    env: {
      ORIGIN_URL: originUrl,
      TTL_MS: String(own.ttlMs ?? 600_000),
      NEGATIVE_TTL_MS: String(own.negativeTtlMs ?? 120_000),
      REDIS_TIMEOUT_MS: String(own.redisTimeoutMs ?? 3000),
      ORIGIN_TIMEOUT_MS: String(own.originTimeoutMs ?? 5000),
      ...own.env,
    },
  }
}

/** An instance of the test's own, before its origin. */
export function instance(start: Start, upstream: Upstream, own: Settings = {}): Promise<App> {
  return start(settings(upstream.url, own))
}

export interface Held {
  /** Waits until the request has reached the origin. */
  arrived(): Promise<void>
  /** Lets the origin answer it. */
  release(): void
}

export interface Origin {
  /** Changes a product behind everybody's back; undefined removes it. */
  set(id: string, text: string | undefined): void
  /** Requests for this product so far. */
  asked(id: string, method?: Method): number
  /**
   * The next such request waits until it is released. What a GET will be told is decided when it arrives; when a write is done, is
   * up to the test.
   */
  hold(method: Method, id: string, done?: 'on arrival' | 'on release'): Held
  /** The next such requests are done as usual, and answered like this instead. Returns how to stop it. */
  answer(method: Method, id: string, reply: Reply, times?: number): () => void
  /** Milliseconds before the answer to a GET. */
  slowness: () => number
}

export const missing = JSON.stringify({ error: 'no such product' })
export const saved = JSON.stringify({ saved: true })

/** Makes the upstream a product service. */
export function openShop(upstream: Upstream): Origin {
  const products = new Map<string, string>()
  const holds: { method: Method; id: string; done: string; arrived: boolean; released: Gate }[] = []
  const answers: { method: Method; id: string; reply: Reply; times: number }[] = []

  const serve = (request: SeenRequest, id: string): Reply => {
    if (request.method === 'PUT') {
      products.set(id, request.text)
      return { headers: { 'content-type': 'application/json' }, body: saved }
    }
    if (request.method === 'DELETE') {
      products.delete(id)
      return { status: 204 }
    }
    const product = products.get(id)
    const delay = origin.slowness()
    return {
      status: product === undefined ? 404 : 200,
      headers: { 'content-type': 'application/json' },
      body: product ?? missing,
      ...(delay > 0 && { delay }),
    }
  }

  const origin: Origin = {
    slowness: () => 0,
    set(id, text) {
      if (text === undefined) products.delete(id)
      else products.set(id, text)
    },
    asked: (id, method = 'GET') =>
      upstream.requests.filter((request) => request.method === method && request.path === `/products/${id}`).length,
    hold(method, id, done = 'on arrival') {
      const hold = { method, id, done, arrived: false, released: gate() }
      holds.push(hold)
      const arrived = async () => {
        await waitFor(() => hold.arrived, 5000)
        expect(hold.arrived, `${method} /products/${id} reaches the origin`).toBe(true)
      }
      return { arrived, release: hold.released.open }
    },
    answer(method, id, reply, times = 1) {
      const other = { method, id, reply, times }
      answers.push(other)
      return () => void (other.times = 0)
    },
  }

  upstream.respond(async (request) => {
    const id = /^\/products\/([\w-]+)$/.exec(request.path)?.[1]
    if (id === undefined)
      return { status: 418, json: { error: `the origin has only /products/{id}, not ${request.path}` } }
    const matches = (one: { method: string; id: string }) => one.method === request.method && one.id === id
    const index = holds.findIndex(matches)
    const [hold] = index < 0 ? [] : holds.splice(index, 1)
    const early = hold?.done === 'on release' ? undefined : serve(request, id)
    if (hold) hold.arrived = true
    await hold?.released.opened
    const reply = early ?? serve(request, id)
    const other = answers.find((one) => one.times > 0 && matches(one))
    if (other) other.times--
    const { headers, ...rest } = other?.reply ?? reply
    // The upstream begins anew with each test, while `app` stays: it must not try a connection from before.
    return { ...rest, headers: { connection: 'close', ...headers } }
  })
  return origin
}

interface Gate {
  opened: Promise<void>
  open(): void
}

function gate(): Gate {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Ends when the condition holds, or at the deadline: what came out of it is for the test to look at. */
export async function waitFor(condition: () => boolean, deadline = 4000): Promise<void> {
  const end = performance.now() + deadline
  while (!condition() && performance.now() < end) await sleep(5)
}

/** A product as its origin sends it: with numbers and spaces that do not survive a JSON.parse and JSON.stringify. */
export function product(random: Random, id: string): string {
  const ean = `${random.int(9_007_199, 9_999_999)}${random.int(10, 99)}4740993${random.int(10, 99)}`
  const name = JSON.stringify(`${random.name()} ${random.unicode()}`)
  return `{"id": "${id}", "name": ${name}, "price": ${random.int(1, 99)}.50, "ean": ${ean}}`
}

export function newId(random: Random): string {
  return `${random.word()}-${random.hex(6)}`
}

/** Reads until the product's entry is in Redis: not every solution is connected when it starts, or stores before it answers. */
export async function cached(app: App, redis: { client: Keys }, id: string): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const answer = await app.get(`/products/${id}`)
    expect(answer, 'the origin is well').toHaveStatus([200, 404])
    if (await appears(redis, id, i < 3 ? 300 : 100)) return
  }
  expect(
    await redis.client.exists(`product:${id}`),
    `after 20 reads there still is no key product:${id} in Redis (EXISTS)`,
  ).toBe(1)
}

/** Lets an instance open its connections, with a product that nobody else looks at. */
export async function warm(app: App, origin: Origin, redis: { client: Keys }, random: Random): Promise<void> {
  const id = newId(random)
  origin.set(id, product(random, id))
  await cached(app, redis, id)
}

export async function appears(redis: { client: Keys }, id: string, deadline: number): Promise<boolean> {
  const end = performance.now() + deadline
  do {
    if ((await redis.client.exists(`product:${id}`)) > 0) return true
    await sleep(10)
  } while (performance.now() < end)
  return false
}

/** Reads until the condition holds; the last answer when it never does. */
export async function poll(
  read: () => Promise<Answer>,
  until: (answer: Answer) => boolean,
  { every = 30, deadline = 4000 }: { every?: number; deadline?: number } = {},
): Promise<Answer> {
  const end = performance.now() + deadline
  for (;;) {
    const answer = await read()
    if (until(answer) || performance.now() > end) return answer
    await sleep(every)
  }
}

/** Reads several times, because an old value may get into the cache a moment later. */
export async function expectFrom(apps: App[], id: string, text: string, why: string): Promise<void> {
  for (const pause of [0, 30, 60, 100]) {
    await sleep(pause)
    for (const app of apps) expect(await app.get(`/products/${id}`), why).toAnswer(200, text)
  }
}

export async function expectHit(app: App, id: string, text: string, why: string): Promise<void> {
  const answer = await app.get(`/products/${id}`)
  expect(answer, why).toAnswer(200, text)
  expect(answer, why).toHaveHeader('x-cache', 'hit')
}

/** All keys that the solution has in Redis begin with product: and have an expiry. */
export async function expectAllExpire(redis: { client: Keys }, others: string[] = []): Promise<void> {
  for (const key of await redis.client.keys('*')) {
    if (others.includes(key)) continue
    expect(key, `all your keys in Redis begin with product:, and there is ${key}`).toMatch(/^product:/)
    const pttl = await redis.client.pttl(key)
    // -2: it has just expired.
    if (pttl === -2) continue
    expect(
      pttl,
      `every key in Redis has an expiry, and ${key} has none: it stays there forever (PTTL ${key})`,
    ).toBeGreaterThanOrEqual(0)
  }
}

/** A request that is left running. When the test ends early, nobody misses its rejection. */
export function inBackground(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => {})
  return answer
}
