import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Journal } from './journal.ts'

type Entry =
  | { type: 'issued'; sessionId: string; userId: string; hash: string; expires: number; replaces?: string }
  | { type: 'ended'; sessionId: string }

interface Token {
  sessionId: string
  /** Milliseconds since 1970. */
  expires: number
  used: boolean
}

/**
 * Sessions as chains of refresh tokens. Each change is one line of the journal, written before the answer and without
 * an `await` on the way: of two requests with the same token, one comes first.
 *
 * Expired tokens stay in the journal. With a real database, delete them nightly.
 */
export class Sessions {
  readonly #journal: Journal<Entry>
  readonly #ttl: number
  /** The user of each session that has not ended. */
  readonly #live = new Map<string, string>()
  /** By hash: whoever reads our files finds no token that works. */
  readonly #tokens = new Map<string, Token>()

  /** `ttl`: how long a refresh token is good, in seconds. */
  constructor(path: string, ttl: number) {
    this.#journal = new Journal(path)
    this.#ttl = ttl
    for (const entry of this.#journal.read()) this.#apply(entry)
  }

  /** Returns the first refresh token of a new session. */
  begin(userId: string): string {
    return this.#issue(randomUUID(), userId)
  }

  /** Uses up a refresh token. Returns undefined if it is not good any more; a used one ends its session. */
  refresh(refreshToken: string): { userId: string; next: string } | undefined {
    const hash = hashOf(refreshToken)
    const token = this.#tokens.get(hash)
    if (token === undefined) return undefined
    const userId = this.#live.get(token.sessionId)
    if (userId === undefined || token.expires <= Date.now()) return undefined
    if (token.used) {
      this.end(refreshToken)
      return undefined
    }
    return { userId, next: this.#issue(token.sessionId, userId, hash) }
  }

  /** Ends the session of this refresh token, used or not. */
  end(refreshToken: string): void {
    const token = this.#tokens.get(hashOf(refreshToken))
    if (token && this.#live.has(token.sessionId)) this.#record({ type: 'ended', sessionId: token.sessionId })
  }

  #issue(sessionId: string, userId: string, replaces?: string): string {
    const refreshToken = randomBytes(32).toString('base64url')
    const expires = Date.now() + this.#ttl * 1000
    const hash = hashOf(refreshToken)
    this.#record({ type: 'issued', sessionId, userId, hash, expires, ...(replaces ? { replaces } : {}) })
    return refreshToken
  }

  #record(entry: Entry): void {
    this.#journal.append(entry)
    this.#apply(entry)
  }

  #apply(entry: Entry): void {
    if (entry.type === 'ended') {
      this.#live.delete(entry.sessionId)
      return
    }
    this.#live.set(entry.sessionId, entry.userId)
    this.#tokens.set(entry.hash, { sessionId: entry.sessionId, expires: entry.expires, used: false })
    const replaced = entry.replaces === undefined ? undefined : this.#tokens.get(entry.replaces)
    if (replaced) replaced.used = true
  }
}

// Fast is enough: the token has 256 random bits, so there is nothing to guess, unlike with passwords.
function hashOf(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('base64url')
}
