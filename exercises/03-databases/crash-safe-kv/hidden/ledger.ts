import { createCipheriv } from 'node:crypto'
import type { Answer, App, Random } from 'learn-backend/kit'
import { sleep, SolutionFailure } from 'learn-backend/kit'
import { expect } from 'vitest'
import { ignoreKill, killAtOnce } from './disk.ts'

/** The path of a key. */
export function kv(key: string): string {
  return `/kv?key=${encodeURIComponent(key)}`
}

/** Incompressible bytes, also many of them, from a few seeded ones. */
export function noise(random: Random, size: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', random.bytes(16), random.bytes(16))
  return cipher.update(ZEROS.subarray(0, size))
}

const ZEROS = Buffer.alloc(8 << 20)

/** A value, short enough for a message: as text if it is one, else in hexadecimal. */
export function show(value: Buffer | undefined): string {
  if (value === undefined) return '404 (no value)'
  const bytes = `${value.length} bytes`
  if (value.length === 0) return bytes
  const head = value.subarray(0, 48)
  if (head.every((byte) => byte >= 32 && byte < 127))
    return `${bytes}: ${JSON.stringify(head.toString())}${value.length > 48 ? '...' : ''}`
  return `${bytes}: ${head.toString('hex', 0, 12).replace(/..(?=.)/g, '$& ')}${value.length > 12 ? ' ...' : ''}`
}

/** Fails the test with two texts to compare; beside them the last request is shown, or what else was looked at. */
export function fail(why: string, expected: string, got: string, asked?: string): never {
  const instead = asked === undefined ? {} : { asked, sent: undefined, replay: undefined }
  throw new SolutionFailure('wrong_answer', why, { expected, got, ...instead })
}

/** A 200 whose body is exactly `value`. */
export function expectValue(answer: Answer, value: Buffer, why: string): void {
  expect(answer, why).toHaveStatus(200)
  if (!answer.body.equals(value)) fail(why, show(value), `${show(answer.body)}${difference(answer.body, value)}`)
}

/** Where two values part, in words. */
export function difference(got: Buffer, wanted: Buffer): string {
  const length = Math.min(got.length, wanted.length)
  let at = 0
  while (at < length && got[at] === wanted[at]) at++
  if (at === length) return got.length < wanted.length ? ' (the end is missing)' : ' (there is more at the end)'
  const [seen, stored] = [got, wanted].map((bytes) => bytes.toString('hex', at, at + 4).replace(/..(?=.)/g, '$& '))
  return ` (differs from byte ${at} on: ${seen} in place of ${stored})`
}

interface Version {
  name: string
  value: Buffer | undefined
}

interface Key {
  /** What a GET may answer: the last acknowledged version, and those on their way. */
  allowed: Version[]
  acknowledged: Version
  /** What it may not answer any more: names by trait. */
  outdated: Map<string, string>
}

/** Keeps the books: what was sent, what was acknowledged, and hence what the store may answer. One writer per key. */
export class Ledger {
  #keys = new Map<string, Key>()
  #count = 0
  /** Writes that were answered with 204. */
  acknowledged = 0

  /** How many bytes of keys and values are there. */
  get live(): number {
    let bytes = 0
    for (const [key, { acknowledged }] of this.#keys) {
      if (acknowledged.value !== undefined) bytes += Buffer.byteLength(key) + acknowledged.value.length
    }
    return bytes
  }

  get keys(): string[] {
    return [...this.#keys.keys()]
  }

  async put(app: App, key: string, value: Buffer): Promise<void> {
    const commit = this.begin([[key, value]])
    expect(await app.put(kv(key), { body: value })).toHaveStatus(204)
    commit()
  }

  async remove(app: App, key: string): Promise<void> {
    const commit = this.begin([[key, undefined]])
    expect(await app.delete(kv(key))).toHaveStatus(204)
    commit()
  }

  /** Each key at most once. */
  async batch(app: App, changes: [string, Buffer | undefined][]): Promise<void> {
    const commit = this.begin(changes)
    expect(await app.post('/batch', { json: batchOf(changes) })).toHaveStatus(204)
    commit()
  }

  /** Notes writes that are on their way; the returned function notes that they were acknowledged. */
  begin(changes: [string, Buffer | undefined][]): () => void {
    const started = changes.map(([name, value]) => {
      const version = { name: `write ${++this.#count}`, value }
      const key = this.#of(name)
      key.allowed.push(version)
      return { key, version }
    })
    return () => {
      this.acknowledged++
      for (const { key, version } of started) {
        for (const old of key.allowed) if (old !== version) key.outdated.set(trait(old.value), old.name)
        key.outdated.delete(trait(version.value))
        key.allowed = [version]
        key.acknowledged = version
      }
    }
  }

  /** Reads the keys and expects of each one a version that may be there. */
  async check(app: App, why: string, keys: Iterable<string> = this.#keys.keys()): Promise<void> {
    for (const key of keys) this.judge(key, await app.get(kv(key)), why)
  }

  /** The same, right after a start: tells apart what is lost from what is not loaded yet. */
  async checkAfterStart(app: App, why: string, keys: Iterable<string> = this.#keys.keys()): Promise<void> {
    for (const key of keys) {
      const answer = await app.get(kv(key))
      try {
        this.judge(key, answer, why)
      } catch (lost) {
        await sleep(300)
        const later = await app.get(kv(key))
        try {
          this.judge(key, later, why)
        } catch {
          throw lost
        }
        const early =
          'the first answer after a start was wrong, a little later it was right: listen only when all data is loaded'
        fail(early, `${later.status}, ${show(later.body)}`, `${answer.status}, ${show(answer.body)}`)
      }
    }
  }

  judge(name: string, answer: Answer, why: string): void {
    const key = this.#of(name)
    expect(answer, why).toHaveStatus([200, 404])
    const value = answer.status === 404 ? undefined : answer.body
    const found = key.allowed.find((version) => same(version.value, value))
    if (found) {
      if (found !== key.acknowledged) settle(key, found)
      return
    }
    const outdated = key.outdated.get(trait(value))
    const kind = outdated ? `, which is the older ${outdated}` : ', which nobody sent'
    const expected = key.allowed.map((version) => {
      const state = version === key.acknowledged ? 'acknowledged with 204' : 'sent, but not answered'
      return version.name === NOTHING ? show(undefined) : `${show(version.value)}, which is ${version.name}, ${state}`
    })
    fail(why, expected.join('\nor '), value === undefined ? show(value) : `${show(value)}${kind}`)
  }

  /**
   * Writes with several clients at once, each to keys of its own, until `stop` is called or the store was killed through
   * `kill`. A request that fails for another reason fails the test.
   */
  load(app: App, clients: number, write: (client: number, round: number) => Promise<void>): Load {
    let stopped = false
    let failed = false
    const loops = Array.from({ length: clients }, async (_, client) => {
      try {
        for (let round = 0; !stopped; round++) await write(client, round)
      } catch (error) {
        if (stopped) ignoreKill(error)
        else {
          stopped = failed = true
          throw error
        }
      }
    })
    const done = Promise.all(loops)
    done.catch(() => {}) // it is awaited later
    return {
      async stop() {
        stopped = true
        await done
      },
      async kill() {
        stopped = true
        await killAtOnce(app)
        await done
      },
      async until(condition, deadline) {
        const end = Date.now() + deadline
        while (!failed && !condition() && Date.now() < end) await sleep(1)
        if (failed) await done
      },
    }
  }

  #of(name: string): Key {
    let key = this.#keys.get(name)
    if (key === undefined) {
      const none: Version = { name: NOTHING, value: undefined }
      key = { allowed: [none], acknowledged: none, outdated: new Map() }
      this.#keys.set(name, key)
    }
    return key
  }
}

const NOTHING = 'before any write'

export interface Load {
  stop(): Promise<void>
  kill(): Promise<void>
  /** Waits, in milliseconds at most; fails at once when a client fails. */
  until(condition: () => boolean, deadline: number): Promise<void>
}

/** After a restart one of several possible versions is there, and the others never come back. */
function settle(key: Key, found: Version): void {
  for (const other of key.allowed) if (other !== found) key.outdated.set(trait(other.value), other.name)
  key.allowed = [found]
  key.acknowledged = found
}

export function batchOf(changes: [string, Buffer | undefined][]): { operations: object[] } {
  return {
    operations: changes.map(([key, value]) =>
      value === undefined ? { op: 'delete', key } : { op: 'put', key, value: value.toString('base64') },
    ),
  }
}

function same(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b)
}

/** Enough to recognise one of our own random values; the values themselves would fill the memory. */
function trait(value: Buffer | undefined): string {
  return value === undefined ? 'none' : `${value.length} ${value.toString('latin1', 0, 40)}`
}
