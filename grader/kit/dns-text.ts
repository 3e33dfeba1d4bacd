import type { DecodedPacket, RecordType } from 'dns-packet'
import { quote, replayPort } from './http-text.ts'

/** A question as one would type it. */
export interface DnsQuestion {
  name: string
  /** Default: A. */
  type?: string
}

export interface DnsRecord {
  name: string
  type: string
  class: string
  /** Seconds. */
  ttl: number
  /** A text for A, AAAA, CNAME, NS and PTR, a list of texts for TXT, an object for SOA, MX, SRV and OPT, else bytes. */
  // eslint-disable-next-line typescript/no-explicit-any -- a test asserts what it is
  data: any
}

/** What a DNS message says, without when and how it came. */
export interface DnsMessage {
  id: number
  isAnswer: boolean
  /** 'NOERROR', 'NXDOMAIN', 'SERVFAIL', 'FORMERR', ... */
  rcode: string
  truncated: boolean
  recursionDesired: boolean
  recursionAvailable: boolean
  authoritative: boolean
  questions: { name: string; type: string; class: string }[]
  answers: DnsRecord[]
  authorities: DnsRecord[]
  additionals: DnsRecord[]
}

interface QuestionOptions {
  id: number
  /** The second 16 bits of the header. */
  flags: number
  /** The size of UDP answers that the asker takes (RFC 6891); no OPT record when undefined. */
  edns: number | undefined
}

/** What turns DNS messages into plain data, and questions into messages. */
export interface DnsCodec {
  /** @throws when the bytes are not exactly one message */
  decode(message: Uint8Array): DnsMessage
  encode(question: DnsQuestion, options: QuestionOptions): Buffer
}

/** The packet library is loaded with the first use: only exercises about DNS need it. */
export async function loadDns(): Promise<DnsCodec> {
  const dns = await import('dns-packet')
  return {
    decode(message) {
      const bytes = Buffer.from(message)
      if (bytes.length < 12) throw new Error(`it has ${bytes.length} bytes, and the header alone takes 12`)
      const packet = dns.decode(bytes) as DecodedPacket & { rcode: string }
      const spare = bytes.length - dns.decode.bytes
      // The library reads past the end of the data of some types.
      if (!(spare >= 0)) throw new Error('it ends too early')
      if (spare > 0) throw new Error(`${spare} bytes follow after the records that its header counts`)
      const { id = 0, questions = [], answers = [], authorities = [], additionals = [] } = packet
      return {
        id,
        isAnswer: packet.flag_qr,
        rcode: packet.rcode,
        truncated: packet.flag_tc,
        recursionDesired: packet.flag_rd,
        recursionAvailable: packet.flag_ra,
        authoritative: packet.flag_aa,
        questions: questions.map(({ name, type, class: kind = 'IN' }) => ({ name, type, class: kind })),
        answers: answers.map(readRecord),
        authorities: authorities.map(readRecord),
        additionals: additionals.map(readRecord),
      }
    },
    encode({ name, type = 'A' }, { id, flags, edns }) {
      const message = dns.encode({ id, type: 'query', questions: [{ name, type: type as RecordType }] })
      message.writeUInt16BE(flags, 2)
      if (edns === undefined) return message
      // By hand: the library's type of an OPT record wants fields that it does not send.
      const opt = Buffer.from([0, 0, 41, 0, 0, 0, 0, 0, 0, 0, 0])
      opt.writeUInt16BE(edns, 3)
      message.writeUInt16BE(1, 10)
      return Buffer.concat([message, opt])
    },
  }
}

/** A message in one line: its code and what matters of its records. */
export function describeDns(message: DnsMessage): string {
  const { id, rcode, truncated, authoritative, questions, answers, authorities } = message
  const [question] = questions
  const about = question ? `about ${question.name} ${question.type}` : 'without a question'
  const marks = `id ${id}${truncated ? ', truncated' : ''}${authoritative ? ', authoritative' : ''}`
  return [
    `${rcode} ${about} (${marks})`,
    answers.length === 0 ? 'no answers' : `${answers.length} in the answer: ${recordsText(answers)}`,
    ...(authorities.length === 0 ? [] : [`authority: ${recordsText(authorities)}`]),
  ].join('; ')
}

interface Asked {
  question: DnsQuestion | Uint8Array
  transport: 'udp' | 'tcp'
  host: string
  port: number
  flags: number
  edns: number | undefined
}

/** A question as a command of dig (its port as asked); raw bytes as their beginning in hexadecimal digits. */
export function questionText(asked: Asked): string {
  const { question, transport, host, port } = asked
  if (!(question instanceof Uint8Array)) return digCommand(question, asked)
  const [start, more] = [Buffer.from(question.subarray(0, 48)).toString('hex'), question.length > 48 ? '…' : '']
  return `${question.length} bytes by ${transport.toUpperCase()} to ${host}:${port}: ${start}${more}`
}

/** A command that asks the same of a solution on the replay port; undefined for bytes that can't be typed. */
export function replayCommand(asked: Asked): string | undefined {
  const { question, transport } = asked
  if (!(question instanceof Uint8Array)) return digCommand(question, { ...asked, host: '127.0.0.1', port: replayPort })
  if (question.length > 100) return undefined
  const length = transport === 'tcp' ? [question.length >> 8, question.length & 255] : []
  const digits = [...length, ...question].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
  return `printf '${digits}' | nc ${transport === 'udp' ? '-u ' : ''}-w 2 127.0.0.1 ${replayPort} | xxd`
}

function digCommand({ name, type = 'A' }: DnsQuestion, { transport, host, port, flags, edns }: Asked): string {
  return [
    `dig @${host} -p ${port} ${quote(name)} ${type.replace('UNKNOWN_', 'TYPE')}`,
    transport === 'tcp' ? '+tcp' : '',
    edns === undefined ? '+noedns' : `+bufsize=${edns}`,
    (flags & 0x0100) === 0 ? '+norecurse' : '',
  ]
    .filter(Boolean)
    .join(' ')
}

function recordsText(records: DnsRecord[]): string {
  return `${records.slice(0, 6).map(recordText).join(', ')}${records.length > 6 ? ', …' : ''}`
}

function recordText({ name, type, ttl, data }: DnsRecord): string {
  const value = typeof data === 'string' ? data : Buffer.isBuffer(data) ? `${data.length} bytes` : JSON.stringify(data)
  return `${name} ${ttl} ${type} ${value.length > 80 ? `${value.slice(0, 80)}…` : value}`
}

type Packed = NonNullable<DecodedPacket['answers']>[number]

function readRecord(record: Packed): DnsRecord {
  if (record.type === 'OPT') {
    const { udpPayloadSize, extendedRcode, ednsVersion, flag_do } = record
    return {
      name: '.',
      type: 'OPT',
      class: 'IN',
      ttl: 0,
      data: { udpPayloadSize, extendedRcode, ednsVersion, flag_do },
    }
  }
  const { name, type, class: kind = 'IN', ttl = 0, data } = record
  const texts = type === 'TXT' ? [data].flat().map((text) => (text as Buffer).toString('utf8')) : undefined
  return { name, type, class: kind, ttl, data: texts ?? data }
}
