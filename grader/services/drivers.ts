import { UserError } from '../user-error.ts'
import type { ServiceDefinition } from './service.ts'
import type { DriverId, ServiceDriver, ServiceSettings, StartRequest } from './server.ts'

/** Every driver, in the order in which `auto` tries them; loaded when it is used. */
export const drivers = {
  docker: async () => (await import('./docker/docker-driver.ts')).docker,
  native: async () => (await import('./native/native-driver.ts')).native,
  embedded: async () => (await import('./embedded/embedded-driver.ts')).embedded,
} satisfies Record<DriverId, () => Promise<ServiceDriver>>

export const driverIds = Object.keys(drivers) as DriverId[]

const outsideDriver = async () => (await import('./outside/outside-driver.ts')).outside

/** The drivers that may be used for a service. */
function candidates({ driver }: Pick<ServiceSettings, 'driver'>): DriverId[] {
  return driver === 'auto' ? driverIds : [driver]
}

/**
 * Chooses the driver for a service and fetches what it needs; says which version it has.
 * @throws UserError `environment` that names the service, what was tried and what to type
 */
export async function chooseDriver(
  request: Omit<StartRequest, 'files'>,
): Promise<{ driver: ServiceDriver; version: string }> {
  const { definition, settings, signal } = request
  const tried: { id: DriverId; reason: string; remedy?: string | undefined }[] = []
  for (const id of candidates(settings)) {
    const driver = settings.outside ? await outsideDriver() : await drivers[id]()
    const found = await driver.available(definition, settings)
    if (!found.ok) {
      tried.push({ id, reason: found.reason, remedy: found.remedy })
      continue
    }
    try {
      await driver.prepare?.(request)
      return { driver, version: found.version }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof UserError) || settings.driver !== 'auto') throw error
      tried.push({ id, reason: error.message, remedy: error.remedy })
    }
  }
  throw noDriver(definition, tried)
}

function noDriver(
  { name }: ServiceDefinition,
  tried: { id: DriverId; reason: string; remedy?: string | undefined }[],
): UserError {
  const lines = tried.map(({ id, reason }) => `  ${id.padEnd(9)} ${reason}`)
  const remedies = tried.flatMap(({ id, remedy }) => (remedy ? [`${id}: ${remedy}`] : []))
  return new UserError(
    'environment',
    `This exercise needs ${name}, which can't be started here. Tried:\n${lines.join('\n')}`,
    {
      remedy: `One of these helps:\n${remedies.map((line) => `  ${line}`).join('\n')}`,
    },
  )
}
