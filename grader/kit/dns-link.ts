import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from '../solution/free-port.ts'
import { dropConnection } from '../solution/tap.ts'
import { readMessages, withLength } from './dns-stream.ts'
import { loadDns } from './dns-text.ts'

/** A question that came through a link. */
export interface DnsQuery {
  /** `performance.now()`. */
  at: number
  transport: 'udp' | 'tcp'
  /** As it was asked, in its own case; empty when the message can't be read. */
  name: string
  type: string
  id: number
  /** The source port. */
  port: number
}

type Forged = Buffer | Buffer[] | undefined

/**
 * What the link answers by itself, without the length that precedes a message over TCP: one message or several, none
 * (an empty list), or undefined to let the server answer.
 */
export type Forge = (query: Buffer, transport: 'udp' | 'tcp') => Forged | Promise<Forged>

/** A link before a DNS server that records what is asked, and can be slowed, blocked and told to lie. */
export interface DnsLink extends AsyncDisposable {
  host: string
  /** The same number for UDP and TCP. */
  port: number
  /** `host:port`. */
  address: string
  readonly queries: DnsQuery[]
  /** Every answer comes so many milliseconds later; forged ones, too. */
  delay(ms: number): void
  /** Questions are recorded, and lost; so are answers that are still on their way. TCP connections stay open. */
  blackhole(): void
  /** Undelayed, unblocked, nothing forged. What was lost stays lost. */
  restore(): void
  /** Empties `queries`. */
  forget(): void
  answer(forge: Forge | undefined): void
}

/** So long an answer to a question over UDP is waited for. */
const patience = 10_000

/** Starts a link before a DNS server, on a free port of this machine. */
export async function startDnsLink(target: { host?: string; port: number }): Promise<DnsLink> {
  const { host: serverHost = '127.0.0.1', port: serverPort } = target
  const dns = await loadDns()
  const queries: DnsQuery[] = []
  const sockets = new Set<Socket>()
  const questions = new Set<UdpSocket>()
  let blocked = false
  let delayMs = 0
  let forge: Forge | undefined

  /** Records a question, and takes care of it: by a forged answer, the server, or not at all. */
  const handle = async (query: Buffer, from: Asker) => {
    const at = performance.now()
    const id = query.length >= 2 ? query.readUInt16BE() : 0
    queries.push({ at, transport: from.transport, ...questionOf(query), id, port: from.port })
    if (blocked) return
    const answers = forge && (await forge(query, from.transport))
    if (answers === undefined) from.ask()
    else for (const answer of [answers].flat()) pass(() => from.reply(answer))
  }
  const questionOf = (query: Buffer) => {
    try {
      const { name = '', type = '' } = dns.decode(query).questions[0] ?? {}
      return { name, type }
    } catch {
      return { name: '', type: '' }
    }
  }
  const pass = (deliver: () => void) => {
    const unlessBlocked = () => {
      if (!blocked) deliver()
    }
    if (delayMs > 0) setTimeout(unlessBlocked, delayMs).unref()
    else unlessBlocked()
  }

  const askOverUdp = (query: Buffer, reply: (answer: Buffer) => void) => {
    const socket = createSocket('udp4')
    questions.add(socket)
    const close = () => {
      clearTimeout(timer)
      if (questions.delete(socket)) socket.close()
    }
    const timer = setTimeout(close, patience)
    socket.on('error', close)
    socket.on('message', (answer) => {
      close()
      pass(() => reply(answer))
    })
    socket.connect(serverPort, serverHost, () => {
      if (questions.has(socket)) socket.send(query, () => {})
    })
  }
  const serveTcp = (near: Socket) => {
    follow(near)
    let far: Socket | undefined
    const reply = (answer: Buffer) => {
      if (!near.destroyed) near.write(withLength(answer))
    }
    const openFar = () => {
      const socket = connect({ host: serverHost, port: serverPort, noDelay: true })
      follow(socket)
      readMessages(socket, (answer) => pass(() => reply(answer)))
      socket.once('close', () => pass(() => near.destroySoon()))
      return socket
    }
    const port = near.remotePort ?? 0
    readMessages(near, (query) => {
      const ask = () => void (far ??= openFar()).write(withLength(query))
      void handle(query, { transport: 'tcp', port, reply, ask })
    })
    near.once('close', () => far?.destroySoon())
  }
  const follow = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  }

  const { udp, tcp, port } = await bindBoth(serveTcp)
  udp.on('error', () => {})
  udp.on('message', (query, { address, port: from }) => {
    const reply = (answer: Buffer) => {
      if (open) udp.send(answer, from, address, () => {})
    }
    void handle(query, { transport: 'udp', port: from, reply, ask: () => askOverUdp(query, reply) })
  })
  let open = true

  return {
    host: '127.0.0.1',
    port,
    address: `127.0.0.1:${port}`,
    queries,
    delay(ms) {
      delayMs = ms
    },
    blackhole() {
      blocked = true
    },
    restore() {
      blocked = false
      delayMs = 0
      forge = undefined
    },
    forget() {
      queries.length = 0
    },
    answer(next) {
      forge = next
    },
    async [Symbol.asyncDispose]() {
      open = false
      for (const socket of sockets) dropConnection(socket)
      for (const socket of questions) socket.close()
      questions.clear()
      udp.close()
      await new Promise<void>((resolve) => tcp.close(() => resolve()))
    },
  }
}

/** Where a question came from. */
interface Asker {
  transport: 'udp' | 'tcp'
  port: number
  reply(answer: Buffer): void
  /** Hands the question to the server. */
  ask(): void
}

/** A port that is free for TCP may be taken for UDP. */
async function bindBoth(serve: (socket: Socket) => void) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const udp = createSocket('udp4')
    const tcp = createServer(serve)
    try {
      await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, '127.0.0.1', resolve))
      await new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(port, '127.0.0.1', resolve))
      return { udp, tcp, port }
    } catch (error) {
      udp.close()
      if (attempt === 20) throw error
    }
  }
}
