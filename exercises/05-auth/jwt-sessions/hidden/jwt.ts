import { createHmac } from 'node:crypto'

export interface Payload {
  [claim: string]: unknown
}

const digests: Record<string, string> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }

/** Makes a token as another service would: signed with HS256 unless told otherwise. */
export function sign(payload: unknown, secret: string, header: Payload = { alg: 'HS256', typ: 'JWT' }): string {
  return signText(JSON.stringify(header), JSON.stringify(payload), secret, digests[String(header['alg'])])
}

/** Signs any two texts, even if they are no JSON. */
export function signText(header: string, payload: string, secret: string, digest = 'sha256'): string {
  const signed = `${base64url(header)}.${base64url(payload)}`
  return `${signed}.${createHmac(digest, secret).update(signed).digest('base64url')}`
}

export function unsigned(payload: unknown, alg: string, signature = ''): string {
  return `${base64url(JSON.stringify({ alg, typ: 'JWT' }))}.${base64url(JSON.stringify(payload))}.${signature}`
}

/** Exchanges the payload of a token and keeps the rest. */
export function withPayload(token: string, payload: Payload): string {
  const [header, , signature] = token.split('.')
  return `${header}.${base64url(JSON.stringify(payload))}.${signature}`
}

export function withSignature(token: string, change: (signature: string) => string): string {
  const [header, payload, signature = ''] = token.split('.')
  return `${header}.${payload}.${change(signature)}`
}

/** The header and the payload as they stand, unchecked; throws if it is no JWT. */
export function decode(token: string): { header: Payload; payload: Payload } {
  const [header = '', payload = ''] = token.split('.')
  try {
    return { header: parse(header), payload: parse(payload) }
  } catch (cause) {
    throw new Error(`This access token is no JWT: ${token}`, { cause })
  }
}

/** What is wrong with a token's signature, for whoever has to find it; undefined if HS256 makes it with this secret. */
export function signatureFault(
  token: string,
  secret: string,
): { expected: string; got: string; why: string } | undefined {
  const [header, payload, got = ''] = token.split('.')
  const digest = (key: string | Buffer, name = 'sha256') =>
    createHmac(name, key).update(`${header}.${payload}`).digest()
  const bytes = digest(secret)
  const expected = bytes.toString('base64url')
  if (got === expected) return undefined
  const text = got.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  const known: [boolean, string][] = [
    [text === expected, 'it is in base64, and should be in base64url: - for +, _ for /, and no = at its end'],
    [got.toLowerCase() === bytes.toString('hex'), 'it is in hex, and should be in base64url'],
    [
      text === digest(Buffer.from(secret, 'hex')).toString('base64url'),
      'the key is JWT_SECRET decoded from hex, and should be its text',
    ],
    [
      text === digest(Buffer.from(secret, 'base64')).toString('base64url'),
      'the key is JWT_SECRET decoded from base64, and should be its text',
    ],
    [text === digest(secret, 'sha512').toString('base64url'), 'it is made with SHA-512, and should be with SHA-256'],
  ]
  const why =
    known.find(([is]) => is)?.[1] ?? 'it should be the HMAC-SHA256 of "header.payload", as they stand in the token'
  return { expected, got, why }
}

export function now(): number {
  return Math.floor(Date.now() / 1000)
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function parse(part: string): Payload {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Payload
}
