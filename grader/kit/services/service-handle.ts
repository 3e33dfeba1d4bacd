import type { ServiceLink } from '../../services/link/service-link.ts'
import type { LinkedService } from '../../services/run-services.ts'
import { context } from '../context.ts'

/** A service beside the solution, in a test's hands. */
export interface ServiceHandle {
  readonly id: string
  readonly driver: 'docker' | 'native' | 'embedded'
  readonly version: string
  /** The server itself, for the test's own clients: not through the link. */
  readonly host: string
  readonly port: number
  readonly url: string
  /** What the solution gets; it points at {@link link}. */
  readonly env: Record<string, string>
  /** Between the solution and the service; restored, and its record emptied, before every test. */
  readonly link: ServiceLink
  /** Another link to the same server: `start({ env: second.env })` gives an instance its own. */
  newLink(): Promise<ServiceLink>
  /** `kill -9` of the server: connections break, new ones are refused. */
  stop(): Promise<void>
  /** The same server again; resolves when it is ready. */
  start(): Promise<void>
  /** Connections stay open, nothing answers. */
  pause(): Promise<void>
  resume(): Promise<void>
  /** Empties it. */
  reset(): Promise<void>
}

/** Whatever a test opened, closed after it. */
export type Closers = (() => PromiseLike<unknown>)[]

/** The service that a test asks for. @throws when exercise.yaml does not name it */
export function linkedService(id: string): LinkedService {
  const found = context().services?.linked.get(id)
  if (!found) throw new Error(`the test uses "${id}", which is not under services: in exercise.yaml`)
  return found
}

/** @param closers the links that the test opens are added to it */
export function serviceHandle(linked: LinkedService, closers: Closers): ServiceHandle {
  const { definition, server, link } = linked
  return {
    id: definition.id,
    driver: server.driver,
    version: server.version,
    host: server.host,
    get port() {
      return server.ports.main
    },
    get url() {
      return Object.values(definition.environment({ host: server.host, port: server.ports.main }))[0] ?? ''
    },
    env: link.env,
    link,
    async newLink() {
      const another = await linked.newLink()
      closers.push(() => another[Symbol.asyncDispose]())
      return another
    },
    async stop() {
      linked.disturbed = true
      // A server that is gone refuses connections; the link would accept them first.
      link.cut()
      await server.stop()
    },
    async start() {
      await server.start()
      link.restore()
    },
    async pause() {
      linked.disturbed = true
      await server.pause()
    },
    resume: () => server.resume(),
    reset: () => server.reset(),
  }
}

/** Runs all closers, also when one of them fails. */
export async function closeAll(closers: Closers): Promise<void> {
  await Promise.allSettled(closers.splice(0).map(async (close) => close()))
}
