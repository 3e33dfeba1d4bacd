import { expect } from 'vitest'
import { type Answer, type App, type Random, sleep, type StartOptions } from 'learn-backend/kit'

type Start = (options?: StartOptions) => Promise<App>
type Users = Record<string, string>

/** The part of the service handle that is needed here. */
interface Memcached {
  raw(command: string): Promise<string>
}

interface Settings {
  users?: Users
  sessionTtl?: number
  timeoutMs?: number
  /** The environment of another link to Memcached. */
  env?: Record<string, string>
}

/** Who may log in where a test says nothing else. */
const everybody: Users = Object.fromEntries(
  'anna ben carla dario emil fatima grace henrik ines jonas kaya leo'
    .split(' ')
    .map((name, i) => [`${name}-${1024 + 37 * i}`, `${name.repeat(2)} likes ${['tea', 'coffee', 'cocoa'][i % 3]}`]),
)

/** Settings of an instance. Every limit that a test does not name is out of reach. */
export function settings({ users, sessionTtl, timeoutMs, env }: Settings = {}): { env: Record<string, string> } {
  return {
    env: {
      USERS: JSON.stringify(users ?? everybody),
      SESSION_TTL: String(sessionTtl ?? 3600),
      MEMCACHED_TIMEOUT_MS: String(timeoutMs ?? 3000),
      ...env,
    },
  }
}

/** Another instance of the solution, beside `app`. */
export function instance(start: Start, own: Settings = {}): Promise<App> {
  return start(settings(own))
}

/** Some of those who may log in, in any order. */
export function people(random: Random, n = 1): { users: Users; names: string[]; name: string } {
  const names = random.sample(Object.keys(everybody), n)
  return { users: everybody, names, name: names[0]! }
}

export interface Cookie {
  value: string
  /** Names in lower case. */
  attributes: Map<string, string>
}

/** The `sid` cookie that an answer sets, undefined if it sets none. */
export function cookieOf(answer: Answer): Cookie | undefined {
  const lines = answer.rawHeaders.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value)
  const line = lines.findLast((one) => /^\s*sid\s*=/.test(one))
  if (line === undefined) return undefined
  const [pair = '', ...attributes] = line.split(';')
  const parts = attributes.map((one): [string, string] => {
    const [name = '', ...value] = one.split('=')
    return [name.trim().toLowerCase(), value.join('=').trim()]
  })
  return { value: pair.slice(pair.indexOf('=') + 1).trim(), attributes: new Map(parts) }
}

/** Logs in; the value of the session's cookie. */
export async function login(app: App, users: Users, name: string, cookie?: string): Promise<string> {
  const answer = await app.post('/login', { json: { user: name, password: users[name] }, ...(cookie && as(cookie)) })
  expect(answer, 'name and password are right').toHaveStatus(200)
  expect(answer, 'a login opens a session').toHaveHeader('set-cookie', /sid=[^;,\s]/)
  return cookieOf(answer)!.value
}

/** Request options with this session's cookie. */
export function as(sid: string): { headers: Record<string, string> } {
  return { headers: { cookie: `sid=${sid}` } }
}

export function add(app: App, sid: string, items: { sku: string; count: number }[], deadline = 5000): Promise<Answer> {
  return app.post('/cart', { ...as(sid), json: { items }, deadline })
}

export async function expectIn(apps: App[], sid: string, name: string, why: string): Promise<void> {
  for (const app of apps) {
    const answer = await app.get('/me', as(sid))
    expect(answer, why).toHaveStatus(200)
    expect(answer, why).toContainJson({ user: name })
  }
}

export const error = expect.objectContaining({ error: expect.any(String) })

export async function expectOut(apps: App[], sid: string, why: string): Promise<void> {
  for (const app of apps) expect(await app.get('/me', as(sid)), why).toAnswer(401, error)
}

/** What is in the cart of an answer, by sku. */
export function cartOf(answer: Answer, why: string): Map<string, number> {
  expect(answer, why).toHaveStatus(200)
  expect(answer, why).toContainJson({ items: expect.any(Array) })
  const items = answer.json.items as { sku: string; count: number }[]
  const cart = new Map(items.map(({ sku, count }) => [sku, count]))
  expect(cart.size, 'each sku is in the cart once').toBe(items.length)
  return cart
}

export async function expectCart(app: App, sid: string, expected: Map<string, number>, why: string): Promise<void> {
  const answer = await app.get('/cart', as(sid))
  const cart = cartOf(answer, why)
  if (sorted(cart) === sorted(expected)) return
  expect(answer, why).toContainJson({ items: [...expected].map(([sku, count]) => ({ sku, count })) })
  expect(cart, why).toEqual(expected)
}

function sorted(cart: Map<string, number>): string {
  return JSON.stringify([...cart].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Everything that is in Memcached. `ttl`: seconds until it expires, undefined for never. */
export async function stored(memcached: Memcached): Promise<{ key: string; ttl: number | undefined }[]> {
  const items = new Map<string, number | undefined>()
  // One dump is not enough: it passes over items that are just in use, by Memcached's own housekeeping for instance.
  for (let i = 0; i < 4; i++) {
    await sleep(25)
    const dump = await memcached.raw('lru_crawler metadump all')
    for (const [, key = '', exp] of dump.matchAll(/^key=(\S+) exp=(-?\d+)/gm)) {
      items.set(decodeURIComponent(key), Number(exp) <= 0 ? undefined : Number(exp) - Date.now() / 1000)
    }
  }
  return [...items].map(([key, ttl]) => ({ key, ttl }))
}

/** Waits until the condition holds, or the deadline is over: what came out of it is for the test to look at. */
export async function waitFor(condition: () => boolean, deadline = 4000): Promise<void> {
  const end = performance.now() + deadline
  while (!condition() && performance.now() < end) await sleep(5)
}

/** Asks until the condition holds; the last answer when it never does. */
export async function poll(
  ask: () => Promise<Answer>,
  until: (answer: Answer) => boolean,
  deadline = 5000,
): Promise<Answer> {
  const end = performance.now() + deadline
  for (;;) {
    const answer = await ask()
    if (until(answer) || performance.now() > end) return answer
    await sleep(50)
  }
}

/** A request that is left running. When the test ends early, nobody misses its rejection. */
export function inBackground(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => {})
  return answer
}
