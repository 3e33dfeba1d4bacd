/**
 * The process that keeps a slow service up between runs. It lends the server to one run at a time, over a Unix socket:
 * the end of the connection, however a run ends, is the end of the lease. It goes after a while without any.
 */
import { rm, rmdir } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { openRunScope } from '../../solution/run-scope.ts'
import { UserError } from '../../user-error.ts'
import { type ServiceId, services } from '../index.ts'
import type { Server } from '../server.ts'
import { startOwn } from '../start-own.ts'
import type { KeeperAnswer, KeeperOrder, KeeperRequest, KeeperStatus, KeptServer } from './keeper-protocol.ts'

const order = JSON.parse(process.argv[2] ?? '') as KeeperOrder
const definition = services[order.service as ServiceId]
const scope = openRunScope()
const stop = new AbortController()
const connections = new Set<Socket>()
let tenant: Socket | undefined
let idleTimer: NodeJS.Timeout | undefined
let idleSince = Date.now()

const starting = startOwn({
  definition,
  settings: order.settings,
  scope,
  signal: stop.signal,
  onProgress: (progress) => connections.forEach((socket) => say(socket, { progress })),
})
starting.catch(() => {
  // Whoever waits for it is told first.
  setTimeout(() => void end(), 50)
})

const listener = createServer((socket) => {
  connections.add(socket)
  socket.on('error', () => {})
  socket.once('close', () => {
    connections.delete(socket)
    if (tenant !== socket) return
    tenant = undefined
    waitForTenants()
  })
  createInterface({ input: socket }).on('line', (line) => {
    const { id, op } = JSON.parse(line) as KeeperRequest
    answer(socket, op).then(
      (value) => say(socket, value === busy ? { id, busy: true } : { id, value }),
      (error: unknown) => say(socket, { id, error: describe(error) }),
    )
  })
}).listen(order.socket)
listener.once('error', () => void end())
waitForTenants()
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(name, () => void end())

const busy = Symbol('busy')

async function answer(socket: Socket, op: KeeperRequest['op']): Promise<unknown> {
  if (op === 'status') return status()
  if (op === 'down') {
    setTimeout(() => void end(), 0)
    // The connection closes when it has ended.
    return new Promise(() => {})
  }
  if (op === 'lease') {
    if (tenant) return busy
    tenant = socket
    clearTimeout(idleTimer)
    const fresh = !started
    const server = await starting
    started = true
    if (!fresh) await makeLikeNew(server)
    return kept(server)
  }
  const server = await starting
  if (op === 'start') {
    await server.start()
    return kept(server)
  }
  return server[op]()
}

let started = false

/** A tenant may have left it stopped, paused and full. */
async function makeLikeNew(server: Server): Promise<void> {
  await server.resume()
  await server.start()
  await server.reset()
}

function kept(server: Server & { advertisedPort?: number }): KeptServer {
  const { service, driver, version, host, ports, advertisedPort } = server
  return { service, driver, version, host, ports, ...(advertisedPort === undefined ? {} : { advertisedPort }) }
}

async function status(): Promise<KeeperStatus> {
  const server = started ? await starting : undefined
  const left = order.idle === undefined ? undefined : Math.max(0, order.idle - (Date.now() - idleSince)) / 1000
  return {
    service: order.service,
    ...(server ? kept(server) : {}),
    ...(order.settings.group === undefined ? {} : { group: order.settings.group }),
    pid: process.pid,
    leased: tenant !== undefined,
    ...(tenant || left === undefined ? {} : { idleSeconds: Math.round(left) }),
  }
}

function waitForTenants(): void {
  idleSince = Date.now()
  clearTimeout(idleTimer)
  if (order.idle !== undefined) idleTimer = setTimeout(() => void end(), order.idle)
}

let ending = false

async function end(): Promise<void> {
  if (ending) return
  ending = true
  stop.abort(new DOMException('the keeper ends', 'AbortError'))
  // First of all: nobody shall find it any more.
  await rm(order.socket, { force: true })
  const server = await starting.catch(() => undefined)
  try {
    await server?.[Symbol.asyncDispose]()
  } catch {
    // the scope below ends whatever is left
  }
  await scope[Symbol.asyncDispose]()
  // The last one takes the folder with it.
  await rmdir(dirname(order.socket)).catch(() => {})
  process.exit(0)
}

function say(socket: Socket, answer_: KeeperAnswer): void {
  if (!socket.destroyed) socket.write(`${JSON.stringify(answer_)}\n`)
}

function describe(error: unknown): { message: string; code?: string; remedy?: string } {
  if (!(error instanceof UserError)) return { message: error instanceof Error ? error.message : String(error) }
  const { message, code, remedy } = error
  return { message, code, ...(remedy === undefined ? {} : { remedy }) }
}
