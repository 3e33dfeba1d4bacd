import type { Decoder, Message } from './decoder.ts'

/** A statement that was prepared: its SQL, found again when it is bound by name. */
type Prepared = Map<string, string>

/** PostgreSQL's protocol 3.0 (PostgreSQL manual, "Frontend/Backend Protocol"): simple and extended queries. */
export function decodeSql(): Decoder {
  let requests: Buffer = Buffer.alloc(0)
  let replies: Buffer = Buffer.alloc(0)
  let started = false
  const prepared: Prepared = new Map()
  /** Bound and not yet executed, by portal. */
  const portals = new Map<string, Message>()
  let rows = 0
  return {
    sent(bytes) {
      requests = Buffer.concat([requests, bytes])
      const messages: Message[] = []
      for (;;) {
        // The first messages (startup, a request for TLS) have no type.
        const head = started ? 1 : 0
        if (requests.length < head + 4) return messages
        const end = head + requests.readInt32BE(head)
        if (end < head + 4 || requests.length < end) return messages
        const type = started ? String.fromCharCode(requests[0] ?? 0) : ''
        const body = requests.subarray(head + 4, end)
        requests = requests.subarray(end)
        if (!started) started = body.length >= 4 && body.readInt32BE(0) >> 16 === 3
        else messages.push(...readRequest(type, body, prepared, portals))
      }
    },
    received(bytes) {
      replies = Buffer.concat([replies, bytes])
      const texts: string[] = []
      // A single letter refuses or grants TLS before anything else.
      if (replies.length > 0 && (replies[0] === 0x4e || replies[0] === 0x53) && replies.length === 1) {
        replies = Buffer.alloc(0)
        return texts
      }
      while (replies.length >= 5) {
        const end = 1 + replies.readInt32BE(1)
        if (end < 5 || replies.length < end) break
        const type = String.fromCharCode(replies[0] ?? 0)
        const body = replies.subarray(5, end)
        replies = replies.subarray(end)
        if (type === 'D') rows++
        if (type === 'C') texts.push(`${cString(body, 0).text}${rows > 0 ? ` (rows: ${rows})` : ''}`)
        if (type === 'E') texts.push(describeError(body))
        if (type === 'I') texts.push('empty query')
        if (type === 'C' || type === 'E') rows = 0
      }
      return texts
    },
  }
}

function readRequest(type: string, body: Buffer, prepared: Prepared, portals: Map<string, Message>): Message[] {
  if (type === 'Q') return [statement(cString(body, 0).text, [])]
  if (type === 'P') {
    const name = cString(body, 0)
    prepared.set(name.text, cString(body, name.end).text)
  }
  if (type === 'B') {
    const portal = cString(body, 0)
    const name = cString(body, portal.end)
    portals.set(portal.text, statement(prepared.get(name.text) ?? '', readParameters(body, name.end)))
  }
  if (type === 'E') {
    const bound = portals.get(cString(body, 0).text)
    if (bound) return [bound]
  }
  return []
}

function statement(sql: string, args: string[]): Message {
  const text = sql.replaceAll(/\s+/g, ' ').trim()
  return { name: (/^\w+/.exec(text)?.[0] ?? '').toUpperCase(), args, text }
}

function readParameters(body: Buffer, start: number): string[] {
  let at = start
  const formats = body.readInt16BE(at)
  const isBinary = (index: number) =>
    formats > 0 && body.readInt16BE(start + 2 + 2 * Math.min(index, formats - 1)) === 1
  at += 2 + 2 * formats
  const count = body.readInt16BE(at)
  at += 2
  return Array.from({ length: count }, (_, index) => {
    const size = body.readInt32BE(at)
    at += 4
    if (size < 0) return 'NULL'
    const value = body.subarray(at, at + size)
    at += size
    return isBinary(index) ? `\\x${value.toString('hex')}` : value.toString('utf8')
  })
}

/** Code and message of an ErrorResponse. */
function describeError(body: Buffer): string {
  const fields: Record<string, string> = {}
  for (let at = 0; at < body.length && body[at] !== 0;) {
    const { text, end } = cString(body, at + 1)
    fields[String.fromCharCode(body[at] ?? 0)] = text
    at = end
  }
  return `ERROR ${fields['C']}: ${fields['M']}`
}

function cString(bytes: Buffer, start: number): { text: string; end: number } {
  const zero = bytes.indexOf(0, start)
  const end = zero < 0 ? bytes.length : zero
  return { text: bytes.toString('utf8', start, end), end: end + 1 }
}
