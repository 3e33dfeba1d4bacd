import { setTimeout as sleep } from 'node:timers/promises'
import type { Ports, ServiceDefinition } from './service.ts'

interface Wait {
  definition: ServiceDefinition
  host: string
  ports: Ports
  /** Milliseconds. */
  deadline: number
  signal: AbortSignal
  /** Settles when there is nothing left to wait for. */
  ended?: Promise<unknown>
}

/**
 * Asks a server until it answers.
 * @returns `ready`, `ended` (the process is gone) or `late` with the last reason
 */
export async function waitUntilReady(wait: Wait): Promise<{ outcome: 'ready' | 'ended' | 'late'; reason?: string }> {
  const { definition, host, ports, deadline, signal } = wait
  const address = { host, port: ports.main }
  const end = performance.now() + deadline
  let gone = false
  const stop = new AbortController()
  void wait.ended?.then(() => {
    gone = true
    stop.abort(new Error('it ended'))
  })
  let reason = ''
  for (let pause = 4; !gone && performance.now() < end; pause = Math.min(pause * 1.15, 50)) {
    signal.throwIfAborted()
    try {
      // A server that accepts and says nothing must be asked again, too.
      await definition.ready(address, AbortSignal.any([signal, stop.signal, AbortSignal.timeout(2000)]), ports)
      return { outcome: 'ready' }
    } catch (error) {
      signal.throwIfAborted()
      reason = error instanceof Error ? error.message : String(error)
    }
    await sleep(pause)
  }
  return { outcome: gone ? 'ended' : 'late', reason }
}
