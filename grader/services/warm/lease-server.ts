import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ownPackage } from '../../package-root.ts'
import type { Server, StartRequest } from '../server.ts'
import { busy, connectKeeper, type KeeperClient } from './keeper-client.ts'
import type { KeeperOrder, KeptServer } from './keeper-protocol.ts'
import { warmFolder, warmPrefix, warmSockets } from './warm-folder.ts'

/** Milliseconds for a keeper's process to open its socket. */
const patience = 10_000

/**
 * Borrows a server that is still up from an earlier run, emptied, or has a keeper start one.
 * @throws UserError `environment` when it can't be started
 */
export async function leaseServer(
  request: Omit<StartRequest, 'files' | 'ports'>,
): Promise<Server & { advertisedPort?: number }> {
  const { definition, settings, signal, onProgress } = request
  for (const path of warmSockets(warmPrefix(definition.id, settings))) {
    const leased = await tryLease(path, onProgress)
    if (leased) return asServer(leased.client, leased.kept)
  }
  signal.throwIfAborted()
  onProgress?.('starting; it stays up for the next run')
  const path = await startKeeper({ service: definition.id, settings, idle: settings.keepWarm }, signal)
  const client = await connectKeeper(path, onProgress)
  const aborted = () => void client[Symbol.asyncDispose]()
  signal.addEventListener('abort', aborted, { once: true })
  try {
    return asServer(client, (await client.ask('lease')) as KeptServer)
  } catch (error) {
    await client[Symbol.asyncDispose]()
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', aborted)
  }
}

async function tryLease(
  path: string,
  onProgress?: (text: string) => void,
): Promise<{ client: KeeperClient; kept: KeptServer } | undefined> {
  let client: KeeperClient | undefined
  try {
    client = await connectKeeper(path, onProgress)
    const kept = await client.ask('lease')
    if (kept !== busy) return { client, kept: kept as KeptServer }
  } catch (error) {
    // Its keeper was killed: the socket is all that is left of it.
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') await rm(path, { force: true })
    // A server that can't be emptied is of no use to anybody.
    else await client?.ask('down').catch(() => {})
  }
  await client?.[Symbol.asyncDispose]()
  return undefined
}

/** Starts a keeper, in a session of its own so that a Ctrl-C does not reach it. @returns its socket */
export async function startKeeper(order: Omit<KeeperOrder, 'socket'>, signal: AbortSignal): Promise<string> {
  const { settings } = order
  const name = `${warmPrefix(order.service, settings)}${randomBytes(3).toString('hex')}.sock`
  const socket = join(warmFolder(), name)
  const keeper = spawn(
    process.execPath,
    [join(ownPackage().root, 'dist/keeper.js'), JSON.stringify({ ...order, socket } satisfies KeeperOrder)],
    { detached: true, stdio: 'ignore', env: settings.hostEnvironment },
  )
  let ended: string | undefined
  keeper.once('error', (error) => (ended = error.message))
  keeper.once('exit', (code, by) => (ended = by ?? `exit code ${code}`))
  keeper.unref()
  for (const end = performance.now() + patience; performance.now() < end; await sleep(10)) {
    signal.throwIfAborted()
    if (ended !== undefined) throw new Error(`the process that keeps ${order.service} ended at once (${ended})`)
    try {
      const client = await connectKeeper(socket)
      await client[Symbol.asyncDispose]()
      return socket
    } catch {
      // not yet
    }
  }
  throw new Error(`the process that keeps ${order.service} did not open ${socket} within ${patience} ms`)
}

/** A server that lives in a keeper. Disposing of it gives it back. */
function asServer(client: KeeperClient, first: KeptServer): Server & { advertisedPort?: number } {
  let kept = first
  return {
    service: kept.service,
    driver: kept.driver,
    version: kept.version,
    host: kept.host,
    get ports() {
      return kept.ports
    },
    ...(kept.advertisedPort === undefined ? {} : { advertisedPort: kept.advertisedPort }),
    failure: async () => (await client.ask('failure')) as string | undefined,
    log: async () => (await client.ask('log')) as string[],
    stop: async () => void (await client.ask('stop')),
    async start() {
      kept = (await client.ask('start')) as KeptServer
    },
    pause: async () => void (await client.ask('pause')),
    resume: async () => void (await client.ask('resume')),
    reset: async () => void (await client.ask('reset')),
    signal: () => Promise.reject(new Error('a service that is kept warm takes no signals')),
    write: () => Promise.reject(new Error('a service that is kept warm takes no files')),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  }
}
