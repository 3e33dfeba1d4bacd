import type { Reader } from './reader.ts'

/** Name, type and class of a question. */
export interface Question {
  /** As they were asked. */
  bytes: Buffer
  /** The same for all questions that have the same answer. */
  key: string
  /** The name, in lower case. */
  labels: string[]
}

export function readQuestion(reader: Reader): Question {
  const start = reader.at
  reader.skipName({ pointers: false })
  const end = reader.at
  reader.skip(4)
  const bytes = reader.message.subarray(start, reader.at)
  // Only the letters A to Z have two cases (RFC 4343): no other bytes of the name, and not those of type and class.
  const name = bytes.subarray(0, end - start).map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte))
  const labels: string[] = []
  for (let at = 0, length = 0; (length = name[at] ?? 0) > 0; at += 1 + length) {
    labels.push(Buffer.from(name.subarray(at + 1, at + 1 + length)).toString('latin1'))
  }
  return { bytes, key: Buffer.concat([name, bytes.subarray(end - start)]).toString('latin1'), labels }
}

interface ResourceRecord {
  section: 'answer' | 'authority' | 'additional'
  type: number
  classCode: number
  ttl: number
  ttlAt: number
  /** The last 4 bytes of the data. */
  lastNumber: number
}

/** The records after the question. */
export function* readRecords(reader: Reader): Generator<ResourceRecord> {
  const { message } = reader
  const sections = [
    ['answer', message.readUInt16BE(6)],
    ['authority', message.readUInt16BE(8)],
    ['additional', message.readUInt16BE(10)],
  ] as const
  for (const [section, count] of sections) {
    for (let i = 0; i < count; i++) {
      reader.skipName({ pointers: true })
      const type = reader.number16()
      const classCode = reader.number16()
      const ttlAt = reader.at
      const ttl = reader.number32()
      const length = reader.number16()
      const dataAt = reader.skip(length)
      const lastNumber = length >= 4 ? message.readUInt32BE(dataAt + length - 4) : 0
      yield { section, type, classCode, ttl, ttlAt, lastNumber }
    }
  }
}
