import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'

/**
 * Node's default: 16 MiB and about 40 ms for each hash. OWASP asks for p = 5 with this N: raise it as far as your logins
 * can bear. Each hash remembers the cost it was made with, so the ones that are stored stay valid.
 */
const cost = { N: 2 ** 14, r: 8, p: 1 }

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  return describe(salt, await derive(password, salt, cost))
}

/** A hash that no password has, for users that are not there: checking it takes as long as checking a real one. */
export const nobodysHash: string = describe(randomBytes(16), randomBytes(32))

export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = hash.split('$')
  const expected = Buffer.from(key, 'base64')
  const actual = await derive(password, Buffer.from(salt, 'base64'), { N: Number(N), r: Number(r), p: Number(p) })
  return timingSafeEqual(actual, expected)
}

function describe(salt: Buffer, key: Buffer): string {
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64'), key.toString('base64')].join('$')
}

// The asynchronous scrypt computes in a thread of libuv's pool; scryptSync would stop all requests.
function derive(password: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }): Promise<Buffer> {
  // Node refuses to take more than 32 MiB unless it is told to.
  const options: ScryptOptions = { N, r, p, maxmem: 2 * 128 * N * r }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}
