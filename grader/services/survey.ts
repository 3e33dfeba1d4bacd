import { drivers, driverIds } from './drivers.ts'
import { services } from './index.ts'
import type { Availability, DriverId, ServiceSettings } from './server.ts'
import type { ServiceDefinition } from './service.ts'
import { type WarmService, warmServices } from './warm/warm-services.ts'

export interface ServiceSurvey {
  services: {
    id: string
    name: string
    /** By driver, in the order in which `auto` tries them. */
    drivers: { id: DriverId; availability: Availability }[]
    /** The driver that would be used now. */
    chosen?: DriverId
  }[]
  /** What to type to get those that can't be had, each once. */
  remedies: string[]
  /** Those that are up. */
  running: WarmService[]
}

/** Looks which services can be had by which driver; starts and fetches nothing. */
export async function surveyServices(settings: ServiceSettings): Promise<ServiceSurvey> {
  const loaded = await Promise.all(driverIds.map((id) => drivers[id]()))
  const rows = Object.values<ServiceDefinition>(services).map(async (definition) => {
    const found = await Promise.all(
      loaded.map(async (driver) => ({ id: driver.id, availability: await driver.available(definition, settings) })),
    )
    const usable = found.find(
      ({ id, availability }) => availability.ok && (settings.driver === 'auto' || settings.driver === id),
    )
    return { id: definition.id, name: definition.name, drivers: found, ...(usable ? { chosen: usable.id } : {}) }
  })
  const surveyed = await Promise.all(rows)
  const remedies = surveyed
    .filter(({ chosen }) => chosen === undefined)
    .flatMap((service) => service.drivers)
    .flatMap(({ availability }) => (!availability.ok && availability.remedy ? [availability.remedy] : []))
  return { services: surveyed, remedies: [...new Set(remedies)], running: await warmServices() }
}
