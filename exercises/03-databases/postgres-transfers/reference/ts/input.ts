import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

const MAX_BODY = 64 * 1024
const MAX_CENTS = 1_000_000_000_000

export type Fields = Record<string, unknown>

export async function readFields(request: IncomingMessage): Promise<Fields> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MAX_BODY) chunks.push(chunk) // the rest is read, not kept: a client that still sends hears no answer
  }
  if (size > MAX_BODY) throw new Refusal(413, 'the body is too big')
  const value = parseJson(Buffer.concat(chunks).toString())
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal(400, 'the body must be a JSON object')
  }
  return value as Fields
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal(400, 'the body is not JSON')
  }
}

export function readOwner({ owner }: Fields): string {
  // PostgreSQL's text can hold every character but this one.
  if (typeof owner === 'string' && owner !== '' && [...owner].length <= 100 && !owner.includes('\0')) return owner
  throw new Refusal(400, 'owner must be a string of 1 to 100 characters')
}

export function readCents(fields: Fields, name: string, least: number): number {
  const value = fields[name]
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= MAX_CENTS)
    return value as number
  throw new Refusal(400, `${name} must be an integer from ${least} to ${MAX_CENTS}`)
}

export function readReference(fields: Fields, name: string): number {
  const value = fields[name]
  if (typeof value === 'string' || typeof value === 'number') return readId(String(value))
  throw new Refusal(400, `${name} must be the id of an account`)
}

/** An id, if it looks like one of ours. Only such a thing may reach a bigint in the database, which knows no `7abc`. */
export function readId(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new Refusal(404, 'there is no such account')
}

export function readKey(header: string | string[] | undefined): string {
  if (typeof header === 'string' && header !== '' && header.length <= 100) return header
  throw new Refusal(400, 'an Idempotency-Key of 1 to 100 characters is needed')
}

export function readLimit(text: string | null): number {
  const limit = /^\d{1,3}$/.test(text ?? '20') ? Number(text ?? '20') : 0
  if (limit >= 1 && limit <= 100) return limit
  throw new Refusal(400, 'limit must be an integer from 1 to 100')
}

/** The cursor is the id of the last transfer of the page before. */
export function readCursor(text: string | null): number | undefined {
  if (text === null) return undefined
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new Refusal(400, 'there is no such cursor')
}
