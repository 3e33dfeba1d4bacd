/** DNS messages made by hand: the broken and forged ones that no library would write. */

export const types: Record<string, number> = { A: 1, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, OPT: 41 }

export interface Asked {
  /** The labels with dots between them, in the case in which they came. */
  name: string
  /** The same in lower case: a forwarder may ask in letters of its own. */
  key: string
  type: number
  class: number
  /** The question section. */
  bytes: Buffer
}

/** The question of a message; of one that can't be read, whatever is there. */
export function questionOf(message: Buffer): Asked {
  const labels: string[] = []
  let at = 12
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  at += 1
  const number = (start: number) => (message.length >= start + 2 ? message.readUInt16BE(start) : 0)
  const name = labels.join('.')
  const bytes = message.subarray(12, at + 4)
  return { name, key: name.toLowerCase(), type: number(at), class: number(at + 2), bytes }
}

/** Upper case letters A to Z in lower case, and all other bytes as they are. */
export function folded(name: Buffer): Buffer {
  return Buffer.from(name.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)))
}

export function nameBytes(name: string | (string | Buffer)[]): Buffer {
  const labels = typeof name === 'string' ? name.split('.') : name
  const parts = labels.map((label) => Buffer.from(label))
  return Buffer.concat([...parts.flatMap((part) => [Buffer.from([part.length]), part]), Buffer.from([0])])
}

export function header(id: number, flags: number, counts: [number, number, number, number]): Buffer {
  return uint16(id, flags, ...counts)
}

export function uint16(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length)
  for (const [i, number] of numbers.entries()) bytes.writeUInt16BE(number, 2 * i)
  return bytes
}

export function uint32(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * i)
  return bytes
}

interface Question {
  name: string | (string | Buffer)[]
  type?: number
  class?: number
  id?: number
  flags?: number
}

export function question({ name, type = 1, class: kind = 1, id = 1, flags = 0x0100 }: Question): Buffer {
  return Buffer.concat([header(id, flags, [1, 0, 0, 0]), nameBytes(name), uint16(type, kind)])
}

export interface ForgedRecord {
  /** Default: the name of the question. */
  name?: string
  type?: number
  class?: number
  ttl?: number
  data: Buffer
}

interface Forged {
  rcode?: number
  /** Beside RCODE; default QR, RD and RA. */
  flags?: number
  answers?: ForgedRecord[]
  authorities?: ForgedRecord[]
  additionals?: ForgedRecord[]
}

/** An answer to a query: its id and its question, and these records. */
export function answerTo(query: Buffer, forged: Forged): Buffer {
  const { rcode = 0, flags = 0x8180, answers = [], authorities = [], additionals = [] } = forged
  const counts: [number, number, number, number] = [1, answers.length, authorities.length, additionals.length]
  const records = [answers, authorities, additionals].flat().map((record) => {
    const { name, type = 1, class: kind = 1, ttl = 300, data } = record
    const owner = name === undefined ? uint16(0xc00c) : nameBytes(name)
    return Buffer.concat([owner, uint16(type, kind), uint32(ttl), uint16(data.length), data])
  })
  const id = query.length < 2 ? 0 : query.readUInt16BE()
  return Buffer.concat([header(id, flags | rcode, counts), questionOf(query).bytes, ...records])
}

export function address(ip: string): Buffer {
  return Buffer.from(ip.split('.').map(Number))
}

/** A record that says from where on, and how long, a name does not exist (RFC 2308). */
export function soa({ ttl, minimum }: { ttl: number; minimum: number }): ForgedRecord {
  const data = Buffer.concat([nameBytes('ns.test'), nameBytes('root.test'), uint32(1, 7200, 900, 86_400, minimum)])
  return { name: 'test', type: 6, ttl, data }
}
