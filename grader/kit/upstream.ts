import { freePort } from '../solution/free-port.ts'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** What an upstream answers. */
export interface Reply {
  /** Default 200. */
  status?: number
  headers?: Record<string, string>
  json?: unknown
  body?: string | Uint8Array
  /** Milliseconds before the answer. */
  delay?: number
  /** Status and headers go out at once, then one byte of the body every so many milliseconds. */
  drip?: number
  /** Instead of an answer: never any, a closed connection, half of the body, or bytes that are not HTTP. */
  fault?: 'hang' | 'reset' | 'truncate' | 'garbage'
}

/** A request that reached the upstream. */
export interface SeenRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: Buffer
  text: string
  /** Milliseconds on `performance.now()`'s clock. */
  at: number
  /** The caller closed the connection before the answer was complete. */
  aborted: boolean
}

/** A real HTTP server whose answers, delays and faults the test decides. */
export interface Upstream extends AsyncDisposable {
  url: string
  port: number
  /** What every following request gets, until changed. Before the first call: 200 and `{"ok":true}`. */
  respond(reply: Reply | ((request: SeenRequest, index: number) => Reply | Promise<Reply>)): void
  /** In the order of arrival. */
  readonly requests: SeenRequest[]
  readonly count: number
  readonly inFlight: number
  readonly maxInFlight: number
  /** Up again if it was down, without open connections, and as after {@link reset}: for the next test. */
  restart(): Promise<void>
  /** Forgets the requests and goes back to the first reply. */
  reset(): void
  /** From now on connections are refused; open ones are closed. */
  down(): Promise<void>
  /** Listens again, on the same port. */
  up(): Promise<void>
}

const firstReply: Reply = { json: { ok: true } }

/** Starts an upstream on a free port of 127.0.0.1. */
export async function startUpstream(): Promise<Upstream> {
  let answer: (request: SeenRequest, index: number) => Reply | Promise<Reply> = () => firstReply
  let seen: SeenRequest[] = []
  let inFlight = 0
  let maxInFlight = 0
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    inFlight++
    maxInFlight = Math.max(maxInFlight, inFlight)
    const request: SeenRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
      body: Buffer.alloc(0),
      text: '',
      at: performance.now(),
      aborted: false,
    }
    const index = seen.push(request) - 1
    outgoing.once('close', () => {
      inFlight = Math.max(0, inFlight - 1)
      request.aborted = !outgoing.writableFinished
    })
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    request.body = Buffer.concat(chunks)
    request.text = request.body.toString('utf8')
    const reply = await answer(request, index)
    if (reply.delay) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          timers.delete(timer)
          resolve()
        }, reply.delay)
        timers.add(timer)
      })
    }
    if (!outgoing.destroyed) send(outgoing, reply)
  }
  const server = createServer((incoming, outgoing) => {
    // The caller may go away at any moment; that is what `aborted` is for.
    serve(incoming, outgoing).catch(() => outgoing.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  await listen(await freePort())
  const { port } = server.address() as AddressInfo

  const reset = () => {
    seen = []
    maxInFlight = inFlight
    answer = () => firstReply
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    respond(reply) {
      answer = typeof reply === 'function' ? reply : () => reply
    },
    get requests() {
      return seen
    },
    get count() {
      return seen.length
    },
    get inFlight() {
      return inFlight
    },
    get maxInFlight() {
      return maxInFlight
    },
    async restart() {
      if (server.listening) await close()
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      inFlight = 0
      reset()
      await listen(port)
    },
    reset,
    down: close,
    up: () => listen(port),
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer)
      if (server.listening) await close()
    },
  }
}

function send(outgoing: ServerResponse, reply: Reply): void {
  if (reply.fault === 'hang') return
  if (reply.fault === 'reset') return void outgoing.socket?.resetAndDestroy()
  if (reply.fault === 'garbage') return void outgoing.socket?.end('\u0000\u0001 this is not HTTP\r\n\r\n')
  const json = reply.json === undefined ? undefined : JSON.stringify(reply.json)
  const body = Buffer.from(json ?? reply.body ?? '')
  const headers = { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...reply.headers }
  outgoing.writeHead(reply.status ?? 200, { 'content-length': body.length, ...headers })
  if (reply.drip) return dripBody(outgoing, body, reply.drip)
  if (reply.fault !== 'truncate') return void outgoing.end(body)
  outgoing.write(body.subarray(0, Math.floor(body.length / 2)), () => outgoing.destroy())
}

function dripBody(outgoing: ServerResponse, body: Buffer, interval: number): void {
  outgoing.flushHeaders()
  let sent = 0
  const timer = setInterval(() => {
    outgoing.write(body.subarray(sent, ++sent))
    if (sent < body.length) return
    clearInterval(timer)
    outgoing.end()
  }, interval)
  outgoing.once('close', () => clearInterval(timer))
}
