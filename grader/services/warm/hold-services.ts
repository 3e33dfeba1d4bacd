import { UserError } from '../../user-error.ts'
import { type ServiceId, services } from '../index.ts'
import type { ServiceDefinition } from '../service.ts'
import type { ServiceSettings } from '../server.ts'
import { connectKeeper } from './keeper-client.ts'
import type { KeptServer } from './keeper-protocol.ts'
import { startKeeper } from './lease-server.ts'
import { type WarmService, warmServices } from './warm-services.ts'

/** Marks what a person has started, so that no grading borrows and empties it. */
export const heldGroup = 'held'

export interface HoldRequest {
  ids: string[]
  settings: ServiceSettings
  signal: AbortSignal
  onProgress?: (text: string) => void
}

/** A service that is up until it is told to go. */
export interface HeldService extends KeptServer {
  /** What makes a program use it. */
  env: Record<string, string>
  /** It was up before. */
  already: boolean
}

/**
 * Starts services for a person to work with; those that are up already are left alone.
 * @throws UserError when one is unknown, can't be started by itself, or does not come up
 */
export async function holdServices({ ids, settings, signal, onProgress }: HoldRequest): Promise<HeldService[]> {
  const definitions = ids.map(startable)
  const up = (await warmServices()).filter(({ group }) => group === heldGroup)
  return Promise.all(
    definitions.map(async (definition) => {
      const before = up.find(({ service }) => service === definition.id)
      if (before) return { ...asHeld(definition, before as WarmService & KeptServer), already: true }
      const socket = await startKeeper(
        { service: definition.id, settings: { ...settings, group: heldGroup, keepWarm: 0 } },
        signal,
      )
      await using client = await connectKeeper(socket, (text) => onProgress?.(`${definition.name}: ${text}`))
      // A lease waits until it is ready; giving it back at once changes nothing.
      const kept = (await client.ask('lease')) as KeptServer
      return { ...asHeld(definition, kept), already: false }
    }),
  )
}

function asHeld(definition: ServiceDefinition, kept: KeptServer): Omit<HeldService, 'already'> {
  const port = kept.advertisedPort ?? kept.ports.main
  return { ...kept, env: definition.environment({ host: kept.host, port }) }
}

function startable(id: string): ServiceDefinition {
  const definition: ServiceDefinition | undefined = services[id as ServiceId]
  if (!definition) {
    throw new UserError('usage', `There is no service "${id}".`, {
      remedy: `There are: ${Object.keys(services).join(', ')}`,
    })
  }
  if (definition.startedBy === 'run') return definition
  throw new UserError(
    'usage',
    `${definition.name} runs a configuration of the exercise: it can't be started by itself.`,
    {
      remedy: 'Its exercise starts it when you type: npx learn-backend verify',
    },
  )
}
