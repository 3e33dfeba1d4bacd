import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

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
  /** Closes what is open and refuses what comes: the network is gone. */
  cut(): void
  /** Accepts, and lets nothing through: the worst kind of failure. */
  blackhole(): void
  /** Everything goes through again, undelayed. */
  restore(): void
}

/** Bytes of a conversation that are kept, per direction. */
const kept = 256 * 1024

/** Starts a tap in front of a TCP server. */
export async function startTap(target: { port: number; host?: string }): Promise<Tap> {
  let state: 'through' | 'cut' | 'blackhole' = 'through'
  let delayMs = 0
  const connections: TappedConnection[] = []
  const sockets = new Set<Socket>()
  const held: (() => void)[] = []

  const server = createServer({ allowHalfOpen: true }, (near) => {
    if (state === 'cut') return void near.resetAndDestroy()
    const far = connect({ port: target.port, host: target.host ?? '127.0.0.1', allowHalfOpen: true })
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
    const pass = (from: Socket, to: Socket, record: Buffer[]) => {
      let size = 0
      from.on('data', (bytes: Buffer) => {
        if ((size += bytes.length) <= kept) record.push(bytes)
        forward(() => to.write(bytes))
      })
      from.on('end', () => forward(() => to.end()))
      from.on('error', () => to.destroy())
      from.on('close', () => forward(() => to.destroySoon()))
    }
    pass(near, far, pieces.sent)
    pass(far, near, pieces.received)
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
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const drop = () => {
    // A reset, as from a link that is gone: a half-closed connection could linger.
    for (const socket of sockets) socket.resetAndDestroy()
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
      drop()
    },
    blackhole() {
      state = 'blackhole'
    },
    restore() {
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
