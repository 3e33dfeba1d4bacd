import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'vitest'
import { type App, type Fixtures, type Random, sleep } from 'learn-backend/kit'
import { answerTo, address, questionOf } from './message.ts'

export type Dns = Fixtures['dns']
export type DnsUpstream = Awaited<ReturnType<Dns['start']>>
export type DnsAnswer = Awaited<ReturnType<Dns['ask']>>

export interface Settings {
  timeoutMs?: number
  blocklist?: string
}

export function forwarder(
  start: Fixtures['start'],
  upstream: { address: string },
  { timeoutMs = 4000, blocklist }: Settings = {},
): Promise<App> {
  const env: Record<string, string> = { DNS_UPSTREAM: upstream.address, UPSTREAM_TIMEOUT_MS: String(timeoutMs) }
  return start({ env: blocklist === undefined ? env : { ...env, BLOCKLIST: blocklist } })
}

/** A name that no other test asks for. */
export function newName(random: Random, below = 'test'): string {
  return `${random.word()}-${random.hex(6)}.${below}`
}

export function newAddress(random: Random): string {
  return `${random.pick(['192.0.2', '198.51.100'])}.${random.int(1, 254)}`
}

/** The same name, some of its letters in upper case. */
export function mixedCase(random: Random, name: string): string {
  const letters = [...name].map((letter) => (random.bool() ? letter.toUpperCase() : letter))
  const first = letters.findIndex((letter) => /[a-z]/i.test(letter))
  return letters
    .map((letter, i) => (i === first ? letter.toUpperCase() : i === letters.length - 1 ? letter.toLowerCase() : letter))
    .join('')
}

interface Expected {
  name: string
  type?: string
  id?: number
  rcode?: string
  /** The data of the records in the answer section, in any order. */
  answers?: unknown[]
}

/** The answer as a line of text; the order of its records and their TTLs do not matter. */
export function expectAnswer(answer: DnsAnswer, expected: Expected, why: string): void {
  const { name, type = 'A', id = answer.id, rcode = 'NOERROR', answers = [] } = expected
  const got = answer.questions.map((asked) => `${asked.name} ${asked.type}`).join(' and ') || 'no question'
  expect(
    line(
      answer.id,
      answer.rcode,
      got,
      answer.answers.map(({ data }) => data),
    ),
    why,
  ).toBe(line(id, rcode, `${name} ${type}`, answers))
}

function line(id: number, rcode: string, asked: string, data: unknown[]): string {
  const texts = data.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).sort()
  return `id ${id}, ${asked}: ${rcode}, ${texts.join(' and ') || 'no records'}`
}

/** Everything that a client can rely on is the same as if the upstream itself had been asked just now. */
export function expectLikeUpstream(answer: DnsAnswer, direct: DnsAnswer, why: string): void {
  const [question] = direct.questions
  const answers = direct.answers.map((record) => record.data as unknown)
  const { name = '', type = '' } = question ?? {}
  expectAnswer(answer, { name, type, rcode: direct.rcode, answers }, why)
  for (const section of ['answers', 'authorities', 'additionals'] as const) {
    const records = (from: DnsAnswer) => from[section].filter((record) => record.type !== 'OPT')
    const texts = (from: DnsAnswer) => records(from).map(recordText).sort()
    expect(texts(answer), `${why}: name, type and data of the ${section}`).toEqual(texts(direct))
    for (const record of records(answer)) {
      const like = records(direct).filter((other) => recordText(other) === recordText(record))
      const fresh = like.some(({ ttl }) => record.ttl === ttl || record.ttl === ttl - 1)
      const ttls = like.map(({ ttl }) => ttl).join(' or ')
      expect(fresh, `${why}: the TTL of ${recordText(record)} is ${ttls} there, and ${record.ttl} here`).toBe(true)
    }
  }
  expect(answer.recursionAvailable, `${why}: the RA bit`).toBe(direct.recursionAvailable)
}

function recordText({ name, type, data }: DnsAnswer['answers'][number]): string {
  return `${name.toLowerCase()} ${type} ${JSON.stringify(data)}`
}

/** How often the upstream was asked for a name. */
export function asked(upstream: DnsUpstream, name: string, transport?: 'udp' | 'tcp'): number {
  const same = (query: { name: string; transport: string }) =>
    query.name.toLowerCase() === name.toLowerCase() && (!transport || query.transport === transport)
  return upstream.link.queries.filter(same).length
}

export async function reachesUpstream(upstream: DnsUpstream, name: string, why: string): Promise<void> {
  await waitFor(() => asked(upstream, name) > 0)
  expect(asked(upstream, name), `${why}: the upstream should have been asked for ${name} once`).toBe(1)
}

/** Waits until it is so, or long enough. */
export async function waitFor(condition: () => boolean, deadline = 2500): Promise<void> {
  const end = performance.now() + deadline
  while (!condition() && performance.now() < end) await sleep(5)
}

/** A promise to be waited for by the upstream, and settled by the test. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** The upstream answers questions for these names only when the gate is open, and all others at once. */
export function hold(upstream: DnsUpstream, names: string[], until: Promise<void>): void {
  const held = new Set(names.map((name) => name.toLowerCase()))
  upstream.link.answer(async (query) => {
    if (held.has(questionOf(query).key)) await until
    return undefined
  })
}

/** The upstream knows one address for every name. */
export function answerAll(upstream: DnsUpstream, ip: string): void {
  upstream.link.answer((query) => answerTo(query, { answers: [{ data: address(ip) }] }))
}

/** A question that is left running. When the test ends early, nobody misses its rejection. */
export function inBackground<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => {})
  return answer
}

export interface UdpClient extends Disposable {
  port: number
  received: Buffer[]
  send(message: Buffer, port: number): Promise<void>
}

/** A client that sends what it likes from one port, and keeps what comes back. */
export async function udpClient(): Promise<UdpClient> {
  const socket = createSocket('udp4')
  const received: Buffer[] = []
  socket.on('message', (message) => received.push(message))
  socket.on('error', () => {})
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return {
    port: socket.address().port,
    received,
    send: (message, port) => new Promise((resolve) => socket.send(message, port, '127.0.0.1', () => resolve())),
    [Symbol.dispose]: () => socket.close(),
  }
}

/** A client that sends something over TCP, and is gone at once: the connection is reset. */
export async function resetConnection(app: App, bytes: Buffer): Promise<void> {
  const socket = connect(app.port, app.host)
  socket.on('error', () => {}) // whatever the server does, a test will see it elsewhere
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  socket.write(bytes)
  await sleep(30)
  socket.resetAndDestroy()
}
