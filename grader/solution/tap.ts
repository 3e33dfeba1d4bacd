import { connect, createServer, type Socket } from 'node:net'
import { freePort } from './free-port.ts'

/** One connection that went through a tap. */
export interface TappedConnection {
  /** Bytes from the caller. */
  readonly sent: Buffer
  /** Bytes that came back. */
  readonly received: Buffer
  readonly open: boolean
}

/** A TCP link that records what is said, and can be slowed, cut and blocked. */
export interface Tap extends AsyncDisposable {
  host: string
  port: number
  /** `http://host:port`. */
  url: string
  readonly connections: TappedConnection[]
  /** Every piece of data takes so many milliseconds more, in each direction. */
  delay(ms: number): void
  /** Resets what is open and refuses what comes: nobody listens there any more. */
  cut(): void
  /** Accepts, and lets nothing through: the worst kind of failure. */
  blackhole(): void
  /** Everything goes through again, undelayed. */
  restore(): void
}

/** Bytes of a conversation that are kept, per direction. */
const kept = 256 * 1024

/** Bytes under way, per direction. */
const mostUnderWay = 4 * 2 ** 20

/** Hears what one connection carries. */
interface Listener {
  sent(bytes: Buffer): void
  received(bytes: Buffer): void
}

interface TapOptions {
  /** Where to listen; default: a free port. */
  port?: number
  /** Called with the number of each connection, counted from 0. */
  onConnection?: (connection: number) => Listener | undefined
}

/** What a tap stands in front of. A function is asked for each connection: a restarted server may be elsewhere. */
type Target = { port: number; host?: string } | (() => { port: number; host?: string })

/** Resets a connection. One that is being shut down already can't be reset: Node would wait for it for ever. */
export function dropConnection(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

/** Starts a tap in front of a TCP server. */
export async function startTap(target: Target, options: TapOptions = {}): Promise<Tap> {
  let state: 'through' | 'cut' | 'blackhole' = 'through'
  let delayMs = 0
  let count = 0
  const connections: TappedConnection[] = []
  const sockets = new Set<Socket>()
  const held: (() => void)[] = []

  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (state === 'cut') return void near.resetAndDestroy()
    const { port: farPort, host } = typeof target === 'function' ? target() : target
    const far = connect({ port: farPort, host: host ?? '127.0.0.1', allowHalfOpen: true })
    const listener = options.onConnection?.(count++)
    const pieces = { sent: [] as Buffer[], received: [] as Buffer[] }
    connections.push({
      get sent() {
        return Buffer.concat(pieces.sent)
      },
      get received() {
        return Buffer.concat(pieces.received)
      },
      get open() {
        return !near.destroyed && !far.destroyed
      },
    })
    const pass = (from: Socket, to: Socket, record: Buffer[], hear?: (bytes: Buffer) => void) => {
      let size = 0
      let under = 0
      from.on('data', (bytes: Buffer) => {
        if ((size += bytes.length) <= kept) record.push(bytes)
        hear?.(bytes)
        under += bytes.length
        // Whoever sends without end waits, as with any link, until the other side has read.
        if (under > mostUnderWay) from.pause()
        const arrived = () => {
          under -= bytes.length
          if (under <= mostUnderWay) from.resume()
        }
        forward(() => to.write(bytes, arrived))
      })
      from.on('end', () => forward(() => to.end()))
      from.on('error', () => to.destroy())
      from.on('close', () => forward(() => to.destroySoon()))
    }
    pass(near, far, pieces.sent, listener?.sent)
    pass(far, near, pieces.received, listener?.received)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.once('close', () => sockets.delete(socket))
    }
  })
  const forward = (deliver: () => void) => {
    if (state === 'blackhole') held.push(deliver)
    else if (delayMs > 0) setTimeout(() => (state === 'blackhole' ? held.push(deliver) : deliver()), delayMs)
    else deliver()
  }
  // Below the ports that the system hands out: it is given up and taken again when the link is cut and restored.
  const port = options.port ?? (await freePort())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const drop = () => {
    // A reset, as from a link that is gone: a half-closed connection could linger.
    for (const socket of sockets) dropConnection(socket)
  }
  return {
    host: '127.0.0.1',
    port,
    url: `http://127.0.0.1:${port}`,
    connections,
    delay(ms) {
      delayMs = ms
    },
    cut() {
      state = 'cut'
      server.close()
      drop()
    },
    blackhole() {
      state = 'blackhole'
    },
    restore() {
      if (state === 'cut') server.listen(port, '127.0.0.1')
      state = 'through'
      delayMs = 0
      for (const deliver of held.splice(0)) deliver()
    },
    async [Symbol.asyncDispose]() {
      drop()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
