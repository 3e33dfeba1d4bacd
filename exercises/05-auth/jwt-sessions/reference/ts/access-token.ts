import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Claims {
  sub: string
  role: string
}

/** Signs and checks JWTs (RFC 7519) with HS256. Times are whole seconds since 1970. */
export class AccessTokens {
  readonly #secret: string
  readonly #audience: string
  readonly #ttl: number

  constructor(secret: string, audience: string, ttl: number) {
    this.#secret = secret
    this.#audience = audience
    this.#ttl = ttl
  }

  sign({ sub, role }: Claims): string {
    const iat = now()
    const header = encode({ alg: 'HS256', typ: 'JWT' })
    const payload = encode({ sub, role, aud: this.#audience, iat, exp: iat + this.#ttl })
    return `${header}.${payload}.${this.#signature(header, payload)}`
  }

  /** Returns the claims of a good token, and undefined for anything else. */
  check(token: string): Claims | undefined {
    const [header, payload, signature, ...rest] = token.split('.')
    if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) return undefined
    // The signature first: nothing in an unsigned text deserves to be believed, or even parsed.
    if (!areEqual(signature, this.#signature(header, payload))) return undefined
    // The algorithm is ours to choose. A header may only agree (RFC 8725, section 3.1).
    if (decode(header)?.['alg'] !== 'HS256') return undefined
    const claims = decode(payload)
    if (claims === undefined) return undefined
    const { sub, role, aud, exp } = claims
    if (typeof exp !== 'number' || exp <= now()) return undefined
    if (!(Array.isArray(aud) ? aud : [aud]).includes(this.#audience)) return undefined
    if (typeof sub !== 'string') return undefined
    return { sub, role: typeof role === 'string' ? role : '' }
  }

  #signature(header: string, payload: string): string {
    return createHmac('sha256', this.#secret).update(`${header}.${payload}`).digest('base64url')
  }
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Takes the same time wherever the texts differ; a length is no secret. */
function areEqual(a: string, b: string): boolean {
  const bytesA = Buffer.from(a)
  const bytesB = Buffer.from(b)
  // timingSafeEqual throws when the lengths differ.
  return bytesA.length === bytesB.length && timingSafeEqual(bytesA, bytesB)
}
