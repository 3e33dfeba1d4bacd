import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { memcached } from './memcached.ts'
import { settings } from './settings.ts'

export interface Session {
  user: string
  /** The user's epoch in which the session was opened. It ends with the epoch. */
  epoch: string
  /** Pairs instead of an object, in which a sku like "__proto__" would be something special. */
  cart: [sku: string, count: number][]
}

const ttl = settings.sessionTtl

// Keys are hashes. So the id can't be read from Memcached, and nothing that a client sends is too long or too odd for a key.
const sessionKey = (id: string) => `session:${hash(id)}`
// A random text for each user with sessions. To end them all, delete it. If Memcached loses it, they end as well: the safe side.
const epochKey = (user: string) => `epoch:${hash(user)}`

export async function openSession(user: string): Promise<string> {
  const id = newSecret()
  const session: Session = { user, epoch: await currentEpoch(user), cart: [] }
  await memcached.add(sessionKey(id), JSON.stringify(session), ttl)
  return id
}

/** The session, with its time started anew. */
export async function useSession(id: string): Promise<Session | undefined> {
  const found = await find(id)
  if (found === undefined) return undefined
  // To touch is not to store: it can neither bring back a session nor undo what others store in it.
  const touched = await Promise.all([
    memcached.touch(sessionKey(id), ttl),
    memcached.touch(epochKey(found.session.user), ttl),
  ])
  return touched.every(Boolean) ? found.session : undefined
}

/**
 * Changes the session as if nobody else did at the same time. `change` may be called several times; if it returns undefined, nothing is
 * stored.
 */
export async function updateSession(
  id: string,
  change: (session: Session) => Session | undefined,
): Promise<{ before: Session; after: Session | undefined } | undefined> {
  for (;;) {
    const found = await find(id)
    if (found === undefined) return undefined
    const before = found.session
    const after = change(before)
    if (after === undefined) return { before, after }
    const outcome = await memcached.replace(sessionKey(id), JSON.stringify(after), { ttl, cas: found.cas })
    // Logged out in between. Whoever stored it now would bring it back.
    if (outcome === 'not found') return undefined
    if (outcome === 'stored') {
      await memcached.touch(epochKey(before.user), ttl)
      return { before, after }
    }
    // Somebody else was faster, so there is progress: no need to ever give up. The pause keeps them from all coming again at once.
    await sleep(10 * Math.random())
  }
}

export async function endSession(id: string): Promise<void> {
  await memcached.delete(sessionKey(id))
}

export async function endAllSessions(user: string): Promise<void> {
  await memcached.delete(epochKey(user))
}

async function find(id: string): Promise<{ session: Session; cas: Buffer } | undefined> {
  const item = await memcached.get(sessionKey(id))
  if (item === undefined) return undefined
  const session = JSON.parse(item.value.toString()) as Session
  const epoch = await memcached.get(epochKey(session.user))
  return epoch?.value.toString() === session.epoch ? { session, cas: item.cas } : undefined
}

async function currentEpoch(user: string): Promise<string> {
  const key = epochKey(user)
  for (;;) {
    const fresh = newSecret()
    // Only one of several logins at once may begin the epoch.
    if (await memcached.add(key, fresh, ttl)) return fresh
    const epoch = await memcached.get(key)
    if (epoch !== undefined && (await memcached.touch(key, ttl))) return epoch.value.toString()
  }
}

function newSecret(): string {
  return randomBytes(16).toString('base64url')
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
