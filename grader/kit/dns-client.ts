import { createSocket } from 'node:dgram'
import { randomInt } from 'node:crypto'
import { connect } from 'node:net'
import { exchangeOf } from './answer.ts'
import { crashOf } from './app.ts'
import { context } from './context.ts'
import { readMessages, withLength } from './dns-stream.ts'
import {
  describeDns,
  type DnsCodec,
  type DnsMessage,
  type DnsQuestion,
  loadDns,
  questionText,
  replayCommand,
} from './dns-text.ts'
import { type Evidence, type FailureCode, SolutionFailure } from './evidence.ts'
import { within } from '../solution/within.ts'

export interface DnsOptions {
  /** Default: udp. */
  transport?: 'udp' | 'tcp'
  /** Milliseconds; default `limits.request_ms`. */
  deadline?: number
  /** Default: a random one. */
  id?: number
  /** The second 16 bits of the header; default 0x0100, which is a standard query with recursion desired. */
  flags?: number
  /** Sends an OPT record with this UDP payload size (RFC 6891). */
  edns?: number
}

/** The answer to a question, decoded. */
export interface DnsAnswer extends DnsMessage {
  /** The whole message; over TCP without its length. */
  raw: Buffer
  /** Milliseconds from sending to the last byte. */
  ms: number
}

/** Where to ask: a port, or a program behind one, whose end is then the reason for a missing answer. */
export interface DnsServer {
  host?: string
  port: number
  exited?: Promise<unknown>
  [crashOf]?(): SolutionFailure | undefined
}

/** RD, as dig and resolvers send it. */
const recursionDesired = 0x0100

/**
 * Asks once, from a port or on a connection of its own, and takes the first message that comes back, whatever its id.
 * Bytes are sent as they are (over TCP after their length).
 * @throws SolutionFailure `timeout`, `refused`, `reset`, or `malformed` when it is not one DNS answer
 */
export async function askDns(
  server: DnsServer,
  question: DnsQuestion | Uint8Array,
  options: DnsOptions = {},
): Promise<DnsAnswer> {
  const { transport = 'udp', deadline = context().exercise.limits.request_ms } = options
  const { id = randomInt(65_536), flags = recursionDesired, edns } = options
  const { host = '127.0.0.1', port } = server
  const description = { question, transport, host, port, flags, edns }
  const asked: Evidence = { asked: questionText(description), replay: replayCommand(description) }
  try {
    const dns = await loadDns()
    const message = question instanceof Uint8Array ? Buffer.from(question) : dns.encode(question, { id, flags, edns })
    const startedAt = performance.now()
    const over = transport === 'udp' ? overUdp : overTcp
    const raw = await over({ host, port, message, deadline, exited: server.exited })
    const ms = performance.now() - startedAt
    const answer: DnsAnswer = { raw, ms, ...decodeAnswer(raw, dns) }
    const evidence = { ...asked, got: describeDns(answer) }
    exchangeOf.set(answer, evidence)
    context().recorder.record(evidence)
    return answer
  } catch (error) {
    if (!(error instanceof SolutionFailure)) throw error
    // The end of the connection is seen a little before the end of the process.
    if (error.code !== 'timeout' && server.exited) await within(server.exited, 150)
    const { code, message, evidence } = server[crashOf]?.() ?? error
    const failure = new SolutionFailure(code, message, { ...asked, ...error.evidence, ...evidence })
    context().recorder.record(failure.evidence)
    throw failure
  }
}

function decodeAnswer(raw: Buffer, dns: DnsCodec): DnsMessage {
  const malformed = (reason: string) =>
    new SolutionFailure('malformed', `The answer is not a DNS answer: ${reason}.`, {
      expected: 'a DNS answer',
      got: `${raw.length} bytes: ${raw.subarray(0, 60).toString('hex')}${raw.length > 60 ? '…' : ''}`,
    })
  let message: DnsMessage
  try {
    message = dns.decode(raw)
  } catch (error) {
    throw malformed(error instanceof RangeError ? 'it ends too early' : (error as Error).message)
  }
  if (!message.isAnswer) throw malformed('its QR bit is 0, so it is a question')
  return message
}

interface Exchange {
  host: string
  port: number
  message: Buffer
  deadline: number
  /** Nobody answers after it. */
  exited: Promise<unknown> | undefined
}

interface Settle {
  take(raw: Buffer): void
  fail(code: FailureCode, message: string, got: string): void
  /** What has come up to now, in case no more does. */
  partly(got: string): void
}

/** Settles once, with one message or one failure; `begin` returns what closes the socket. */
function oneAnswer({ deadline, exited }: Exchange, begin: (settle: Settle) => () => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let soFar = 'nothing'
    let settled = false
    const finish = (settle: () => void) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      close()
      settle()
    }
    const fail = (code: FailureCode, message: string, got: string) =>
      finish(() => reject(new SolutionFailure(code, message, { expected: 'a DNS answer', got })))
    const timer = setTimeout(
      () => fail('timeout', `No answer within ${deadline} ms.`, `${soFar} within ${deadline} ms`),
      deadline,
    )
    void exited?.then(() => fail('reset', 'The program ended before it answered.', 'nothing'))
    const close = begin({
      take: (raw) => finish(() => resolve(raw)),
      fail,
      partly: (got) => {
        soFar = got
      },
    })
  })
}

function overUdp(exchange: Exchange): Promise<Buffer> {
  const { host, port, message } = exchange
  return oneAnswer(exchange, ({ take, fail }) => {
    const socket = createSocket('udp4')
    socket.on('message', take)
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') fail('refused', 'Nothing listens on the UDP port.', 'port unreachable')
      else fail('reset', `The question could not be sent: ${code}.`, 'nothing')
    })
    // Connected, so that only the server's own answers come in, and a closed port is told.
    socket.connect(port, host, () => socket.send(message, () => {}))
    return () => socket.close()
  })
}

function overTcp(exchange: Exchange): Promise<Buffer> {
  const { host, port, message } = exchange
  return oneAnswer(exchange, ({ take, fail, partly }) => {
    const socket = connect({ host, port, noDelay: true })
    socket.write(withLength(message))
    readMessages(socket, take)
    socket.on('data', () => partly(`${socket.bytesRead} bytes, which is no whole message,`))
    const closed = () => {
      const got = socket.bytesRead === 0 ? '' : `${socket.bytesRead} bytes, which is no whole message, then `
      fail('reset', 'The connection was closed before an answer came.', `${got}a closed connection`)
    }
    socket.once('end', closed)
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code !== 'ECONNREFUSED') return closed()
      fail('refused', 'The connection was refused: nothing listens on the TCP port.', 'connection refused')
    })
    return () => socket.destroy()
  })
}
