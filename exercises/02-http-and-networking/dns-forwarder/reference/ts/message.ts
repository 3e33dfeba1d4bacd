import { Malformed, Reader } from './reader.ts'
import { type Question, readQuestion, readRecords } from './sections.ts'

export const HEADER = 12
export const Flag = { answer: 0x8000, opcode: 0x7800, truncated: 0x0200, recursionDesired: 0x0100 } as const
export const Rcode = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4 } as const

const OPT = 41
const SOA = 6
/** Larger datagrams are fragmented on their way, and then often lost (RFC 9715). */
const OUR_UDP_SIZE = 1232

/** What of a client's message the answer depends on. */
export interface Query {
  id: number
  recursionDesired: boolean
  question: Question
  /** The largest answer over UDP; undefined when the client does not know EDNS. */
  udpSize: number | undefined
}

/** An answer of the upstream, without its OPT record. */
export interface Answer {
  message: Buffer
  truncated: boolean
  /** Where the records have their TTLs. */
  ttlsAt: number[]
  /** Seconds for which it may be used. */
  lifetime: number
}

/** Undefined: nothing must be sent back. A number: the RCODE that says what is wrong. */
export function readQuery(message: Buffer): Query | number | undefined {
  if (message.length < HEADER) return undefined
  const flags = message.readUInt16BE(2)
  if (flags & Flag.answer) return undefined
  if (flags & Flag.opcode) return Rcode.notImp
  if (message.readUInt16BE(4) !== 1) return Rcode.formErr
  try {
    const reader = new Reader(message, HEADER)
    const question = readQuestion(reader)
    let udpSize: number | undefined
    for (const record of readRecords(reader)) {
      if (record.type === OPT) udpSize = Math.max(512, Math.min(record.classCode, OUR_UDP_SIZE))
    }
    return {
      id: message.readUInt16BE(0),
      recursionDesired: (flags & Flag.recursionDesired) !== 0,
      question,
      udpSize,
    }
  } catch (error) {
    if (error instanceof Malformed) return Rcode.formErr
    throw error
  }
}

/** Undefined when it is no answer to this question under this id, or can't be read to its end. */
export function readAnswer(message: Buffer, id: number, question: Question): Answer | undefined {
  if (message.length < HEADER) return undefined
  const flags = message.readUInt16BE(2)
  if (message.readUInt16BE(0) !== id || !(flags & Flag.answer) || message.readUInt16BE(4) !== 1) return undefined
  try {
    const reader = new Reader(message, HEADER)
    if (readQuestion(reader).key !== question.key) return undefined
    const records = [...readRecords(reader)]
    const ttls = records.map(({ ttl }) => ttl)
    const rcode = flags & 0x000f
    const negative = rcode === Rcode.nxDomain || message.readUInt16BE(6) === 0
    const soa = records.find(({ type, section }) => type === SOA && section === 'authority')
    // Of a negative answer the SOA record says how long it holds (RFC 2308, section 5).
    if (negative) ttls.push(soa?.lastNumber ?? 0)
    const cacheable = rcode === Rcode.noError || rcode === Rcode.nxDomain
    return {
      message,
      truncated: (flags & Flag.truncated) !== 0,
      ttlsAt: records.map(({ ttlAt }) => ttlAt),
      lifetime: cacheable ? Math.min(...ttls) : 0,
    }
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** A question to the upstream. It has no OPT record, so its answer has none. */
export function encodeQuery(id: number, question: Question): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(Flag.recursionDesired, 2)
  header.writeUInt16BE(1, 4)
  return Buffer.concat([header, question.bytes])
}

/** An answer of our own to a message that has a header. */
export function encodeRefusal(message: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(HEADER)
  message.copy(header, 0, 0, 2)
  header.writeUInt16BE(Flag.answer | (message.readUInt16BE(2) & (Flag.opcode | Flag.recursionDesired)) | rcode, 2)
  return header
}

/** An answer without records. */
export function encodeEmpty(query: Query, rcode: number): Buffer {
  const message = encodeQuery(query.id, query.question)
  message.writeUInt16BE(Flag.answer | 0x0080 | rcode, 2)
  return finish(message, query)
}

/**
 * The upstream's answer for one client. The question is replaced by one of the same length, so that the pointers in the
 * records still point to the right places.
 * @param age seconds since the answer arrived
 * @param limit bytes
 */
export function encodeAnswer(answer: Answer, query: Query, { age, limit }: { age: number; limit: number }): Buffer {
  const message = Buffer.from(answer.message)
  query.question.bytes.copy(message, HEADER)
  for (const at of answer.ttlsAt) message.writeUInt32BE(Math.max(0, message.readUInt32BE(at) - age), at)
  const whole = finish(message, query)
  if (whole.length <= limit) return whole
  const start = Buffer.from(message.subarray(0, HEADER + query.question.bytes.length))
  start.writeUInt16BE(start.readUInt16BE(2) | Flag.truncated, 2)
  start.fill(0, 6, HEADER)
  return finish(start, query)
}

/** Makes a message the answer to this client's query. */
function finish(message: Buffer, { id, recursionDesired, udpSize }: Query): Buffer {
  message.writeUInt16BE(id, 0)
  const flags = message.readUInt16BE(2) & ~Flag.recursionDesired
  message.writeUInt16BE(flags | (recursionDesired ? Flag.recursionDesired : 0), 2)
  if (udpSize === undefined) return message
  message.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  const opt = Buffer.alloc(11)
  opt.writeUInt16BE(OPT, 1)
  opt.writeUInt16BE(OUR_UDP_SIZE, 3)
  return Buffer.concat([message, opt])
}
