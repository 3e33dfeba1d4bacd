import type { Decoder, Message } from './decoder.ts'

const storing = /^(set|add|replace|append|prepend|cas|ms)$/

/**
 * Memcached's text protocol, and its older binary one, which several clients speak (memcached's protocol.txt;
 * "MemcacheBinary").
 */
export function decodeMemcached(): Decoder {
  let requests: Buffer = Buffer.alloc(0)
  let replies: Buffer = Buffer.alloc(0)
  let binary: boolean | undefined
  return {
    sent(bytes) {
      requests = Buffer.concat([requests, bytes])
      binary ??= requests[0] === 0x80
      const messages: Message[] = []
      for (;;) {
        const read = binary ? readBinary(requests) : readText(requests)
        if (!read) return messages
        if (read.message) messages.push(read.message)
        requests = requests.subarray(read.end)
      }
    },
    received(bytes) {
      replies = Buffer.concat([replies, bytes])
      const texts: string[] = []
      for (;;) {
        const read = binary ? readBinaryReply(replies) : readTextReply(replies)
        if (!read) return texts
        texts.push(read.text)
        replies = replies.subarray(read.end)
      }
    },
  }
}

function readText(bytes: Buffer): { message?: Message; end: number } | undefined {
  const eol = bytes.indexOf('\r\n')
  if (eol < 0) return undefined
  const words = bytes.toString('utf8', 0, eol).split(' ')
  const [name = '', ...args] = words
  const size = storing.test(name) ? Number(name === 'ms' ? args[1] : args[3]) : -1
  const end = eol + 2 + (size >= 0 ? size + 2 : 0)
  if (bytes.length < end) return undefined
  const value = size >= 0 ? ` ${shorten(bytes.subarray(eol + 2, eol + 2 + size))}` : ''
  return { message: { name, args, text: words.join(' ') + value }, end }
}

/** One answer: values up to END, or a line. */
function readTextReply(bytes: Buffer): { text: string; end: number } | undefined {
  const lines: string[] = []
  for (let at = 0; ;) {
    const eol = bytes.indexOf('\r\n', at)
    if (eol < 0) return undefined
    const line = bytes.toString('utf8', at, eol)
    const value = /^(?:VALUE \S+ \d+ (\d+)|VA (\d+))/.exec(line)
    at = eol + 2
    if (!value) {
      if (line.startsWith('STAT ')) continue
      lines.push(line)
      return { text: lines.join(' '), end: at }
    }
    const size = Number(value[1] ?? value[2])
    if (bytes.length < at + size + 2) return undefined
    lines.push(`${line} ${shorten(bytes.subarray(at, at + size))}`)
    at += size + 2
    if (value[2] !== undefined) return { text: lines.join(' '), end: at }
  }
}

const opcodes: Record<number, string> = {
  0x00: 'get',
  0x01: 'set',
  0x02: 'add',
  0x03: 'replace',
  0x04: 'delete',
  0x05: 'incr',
  0x06: 'decr',
  0x07: 'quit',
  0x08: 'flush_all',
  0x09: 'get',
  0x0a: 'noop',
  0x0b: 'version',
  0x0c: 'get',
  0x0d: 'get',
  0x0e: 'append',
  0x0f: 'prepend',
  0x10: 'stats',
  0x11: 'set',
  0x1c: 'touch',
  0x1d: 'gat',
  0x1e: 'gat',
}

function readBinary(bytes: Buffer): { message: Message; end: number } | undefined {
  if (bytes.length < 24) return undefined
  const end = 24 + bytes.readUInt32BE(8)
  if (bytes.length < end) return undefined
  const extras = bytes[4] ?? 0
  const key = bytes.toString('utf8', 24 + extras, 24 + extras + bytes.readUInt16BE(2))
  const name = opcodes[bytes[1] ?? 0] ?? `opcode ${bytes[1]}`
  // As in the text protocol: key, flags, seconds to live, size. A CAS id makes it the command `cas`.
  const stores = storing.test(name) && extras === 8
  const value = bytes.subarray(24 + extras + bytes.readUInt16BE(2), end)
  const cas = bytes.readBigUInt64BE(16)
  const expiry = stores ? bytes.readUInt32BE(28) : extras === 4 ? bytes.readUInt32BE(24) : undefined
  const args = [
    ...(key === '' ? [] : [key]),
    ...(stores ? [String(bytes.readUInt32BE(24))] : []),
    ...(expiry === undefined ? [] : [String(expiry)]),
    ...(stores ? [String(value.length)] : []),
    ...(cas === 0n ? [] : [String(cas)]),
  ]
  const command = stores && cas !== 0n ? 'cas' : name
  return {
    message: { name: command, args, text: [command, ...args, ...(stores ? [shorten(value)] : [])].join(' ') },
    end,
  }
}

const statuses: Record<number, string> = {
  0: 'OK',
  1: 'NOT_FOUND',
  2: 'EXISTS',
  3: 'SERVER_ERROR object too large for cache',
  5: 'NOT_STORED',
}

function readBinaryReply(bytes: Buffer): { text: string; end: number } | undefined {
  if (bytes.length < 24) return undefined
  const end = 24 + bytes.readUInt32BE(8)
  if (bytes.length < end) return undefined
  const status = bytes.readUInt16BE(6)
  const value = bytes.subarray(24 + (bytes[4] ?? 0) + bytes.readUInt16BE(2), end)
  const text = statuses[status] ?? `status ${status}`
  return { text: value.length > 0 && status === 0 ? `${text} ${shorten(value)}` : text, end }
}

function shorten(value: Buffer): string {
  const text = value.toString('utf8')
  return text.length > 120 ? `${text.slice(0, 120)}… (${value.length} bytes)` : text
}
