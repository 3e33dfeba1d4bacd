import { setTimeout as sleep } from 'node:timers/promises'
import { startFailure } from '../native/native-driver.ts'
import type { Ports } from '../service.ts'
import type { Server, ServiceDriver, StartRequest, ToolRun } from '../server.ts'
import { waitUntilReady } from '../wait-until-ready.ts'
import { parentLine } from './parent-line.ts'

/** Milliseconds until a server must answer. */
const patience = { quick: 30_000, slow: 120_000 }

/**
 * Inside a pod: servers that whoever opened the pod starts, in containers that share its network. So each listens on its
 * usual port, and only those in the pod can reach it.
 */
export const outside: ServiceDriver = {
  id: 'docker',
  available: async (definition) => ({ ok: true, version: (await ask('image', { service: definition.id })) as string }),
  reach: () => Promise.resolve((port) => `127.0.0.1:${port}`),
  start,
  async runTool({ definition, command, files = {}, stdin }) {
    return (await ask('tool', { service: definition.id, command, files, stdin })) as ToolRun
  },
}

function ask(method: string, value: unknown): Promise<unknown> {
  return parentLine().ask(method, value)
}

async function start(request: StartRequest): Promise<Server> {
  const { definition, files, advertisedPort, signal } = request
  const ports: Ports = request.ports ?? { ...definition.container.ports }
  const asked = { service: definition.id, ports, files, advertisedPort }
  const { server, version } = (await ask('start', asked)) as { server: number; version: string }
  const tell = (method: string, value?: unknown) => ask('server', { server, method, value })
  const failure = async () => (await tell('failure')) as string | undefined
  const log = async () => (await tell('log')) as string[]
  const ready = async () => {
    const over = new AbortController()
    const deadline = definition.slow ? patience.slow : patience.quick
    const ended = watch(failure, over.signal)
    const { outcome, reason } = await waitUntilReady({ definition, host: '127.0.0.1', ports, deadline, signal, ended })
    over.abort()
    if (outcome !== 'ready')
      throw startFailure(definition, { outcome, reason, log: (await log()).slice(-8), exit: null, driver: 'docker' })
  }
  const end = async () => void (await tell('end'))
  try {
    await ready()
  } catch (error) {
    await end()
    throw error
  }
  return {
    service: definition.id,
    driver: 'docker',
    version,
    host: '127.0.0.1',
    ports,
    failure,
    log,
    stop: async () => void (await tell('stop')),
    async start() {
      await tell('start')
      await ready()
    },
    pause: async () => void (await tell('pause')),
    resume: async () => void (await tell('resume')),
    signal: async (name) => void (await tell('signal', name)),
    write: async (texts) => void (await tell('write', texts)),
    reset: async () => definition.reset?.('127.0.0.1', ports),
    [Symbol.asyncDispose]: end,
  }
}

/** Resolves when the server has ended; never after `over`. */
async function watch(failure: () => Promise<string | undefined>, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await sleep(200)
    if (!over.aborted && (await failure()) !== undefined && !over.aborted) return
  }
  await new Promise<never>(() => {})
}
