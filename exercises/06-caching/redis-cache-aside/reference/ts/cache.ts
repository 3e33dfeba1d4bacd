import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import type { Answer } from './origin.ts'
import { settings } from './settings.ts'

// Each product has two keys: the entry, and the era. An era is a random name for the time between two writes. A reader that
// misses notes the era before it asks the origin; a write deletes the era together with the entry. So an answer is only stored if no
// write came between. If the era is lost for another reason (expired, evicted, flushed), the answer is not stored: the safe side.
const entryKey = (id: string) => `product:${id}`
const eraKey = (id: string) => `product:${id}:era`

/** The era need not live longer than a read that is under way; one that does is simply not stored. */
const eraMs = settings.originTimeoutMs + 10 * settings.redisTimeoutMs

const LOOK_UP = `
  local entry = redis.call('GET', KEYS[1])
  if entry then return {entry} end
  local era = redis.call('GET', KEYS[2])
  if not era then
    era = ARGV[1]
    redis.call('SET', KEYS[2], era, 'PX', ARGV[2])
  end
  return {false, era}`

const STORE = `
  if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1`

const redis = new Redis(settings.redisUrl, {
  // A client likes to queue and repeat commands until Redis is back. Here they fail at once, or in time.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: settings.redisTimeoutMs,
  connectTimeout: 1000,
  retryStrategy: (attempts) => Math.min(50 * attempts, 500),
})
redis.on('error', (error) => console.error(`redis: ${error.message}`))

/** Resolves when Redis is there, at the latest after a moment: we can do without it. */
export function connected(): Promise<void> {
  return new Promise((resolve) => {
    redis.once('ready', resolve)
    setTimeout(resolve, 500)
  })
}

export type Found = { answer: Answer } | { era: string }

/** Rejects when Redis does not answer, or answers with an error; so do the others below. */
export async function lookUp(id: string): Promise<Found> {
  const reply = await redis.eval(LOOK_UP, 2, entryKey(id), eraKey(id), randomUUID(), eraMs)
  const [entry, era] = reply as [string | null, string]
  return entry === null ? { era } : { answer: JSON.parse(entry) as Answer }
}

/** Stores what the origin answered to a request that was sent after this era was looked up. */
export async function store(id: string, era: string, answer: Answer): Promise<void> {
  const ttlMs = answer.status === 404 ? settings.negativeTtlMs : settings.ttlMs
  await redis.eval(STORE, 2, entryKey(id), eraKey(id), era, JSON.stringify(answer), ttlMs)
}

export async function forget(id: string): Promise<void> {
  await redis.del(entryKey(id), eraKey(id))
}
