import type { RunScope } from '../solution/run-scope.ts'
import { chooseDriver } from './drivers.ts'
import { type ServiceId, services } from './index.ts'
import { openLink, type ServiceLink } from './link/service-link.ts'
import type { ServiceDefinition } from './service.ts'
import type { Server, ServiceDriver, ServiceSettings } from './server.ts'
import { startOwn } from './start-own.ts'

/** A service of a run, ready before the solution starts. */
export interface LinkedService {
  definition: ServiceDefinition
  server: Server
  /** Between the solution and the server. */
  link: ServiceLink
  /** Another link to the same server. */
  newLink(): Promise<ServiceLink>
  /** A test has stopped or paused it. */
  disturbed: boolean
}

/** A service that hidden tests start themselves, with a driver that was found to work. */
export interface TestService {
  definition: ServiceDefinition
  driver: ServiceDriver
  version: string
  /** How its server reaches a port of this machine. */
  reach(port: number): string
}

/** All services of one run. */
export interface RunServices extends AsyncDisposable {
  linked: Map<string, LinkedService>
  started: Map<string, TestService>
  /** For every instance of the solution. */
  env: Record<string, string>
  settings: ServiceSettings
  /** Run at the end of the run. */
  closers: (() => PromiseLike<unknown>)[]
  /** A test has had them: the next file must find them empty. */
  used: boolean
  /** For the report. */
  versions: { id: string; driver: string; version: string }[]
}

interface RunServicesRequest {
  ids: string[]
  settings: ServiceSettings
  scope: RunScope
  signal: AbortSignal
  onProgress?: ((text: string) => void) | undefined
}

/**
 * Starts the services of a run, all at once.
 * @throws UserError `environment` when one of them can't be had; the others are stopped
 */
export async function startServices(request: RunServicesRequest): Promise<RunServices> {
  const { ids, settings, scope, signal, onProgress } = request
  const result: RunServices = {
    linked: new Map(),
    started: new Map(),
    env: {},
    settings,
    closers: [],
    used: false,
    versions: [],
    [Symbol.asyncDispose]: () => (ended ??= end()),
  }
  let ended: Promise<void> | undefined
  const end = async () => {
    await Promise.allSettled(result.closers.splice(0).map(async (close) => close()))
    await Promise.allSettled(
      [...result.linked.values()].map(async ({ link, server }) => {
        await link[Symbol.asyncDispose]()
        await server[Symbol.asyncDispose]()
      }),
    )
  }
  const begin = async (id: string) => {
    const definition: ServiceDefinition = services[id as ServiceId]
    const say = onProgress && ((text: string) => onProgress(`${definition.name}: ${text}`))
    const base = { definition, settings, scope, signal, onProgress: say }
    if (definition.startedBy === 'test') {
      const { driver, version } = await chooseDriver(base)
      result.started.set(id, { definition, driver, version, reach: await driver.reach(settings) })
      return { id, driver: driver.id, version }
    }
    const linked = await startLinked(base)
    result.linked.set(id, linked)
    return { id, driver: linked.server.driver, version: linked.server.version }
  }
  const outcomes = await Promise.allSettled(ids.map(begin))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) {
    await result[Symbol.asyncDispose]()
    throw failed.reason
  }
  result.versions = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  for (const { link } of result.linked.values()) Object.assign(result.env, link.env)
  return result
}

async function startLinked(
  base: Omit<RunServicesRequest, 'ids'> & { definition: ServiceDefinition },
): Promise<LinkedService> {
  const { definition, settings } = base
  const warm = definition.slow === true && settings.keepWarm > 0
  const server: Server & { advertisedPort?: number } = warm
    ? await (await import('./warm/lease-server.ts')).leaseServer(base)
    : await startOwn(base)
  const open = (port?: number) =>
    openLink({
      target: () => ({ host: server.host, port: server.ports.main }),
      dialect: definition.dialect,
      environment: definition.environment,
      ...(port === undefined ? {} : { port }),
    })
  try {
    return { definition, server, link: await open(server.advertisedPort), newLink: () => open(), disturbed: false }
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}
