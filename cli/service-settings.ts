import { driverIds, type ServiceSettings, UserError, type Workspace } from '../grader/index.ts'
import type { Session } from './session.ts'

/** Minutes that a slow service stays up after its last use, unless the workspace says otherwise. */
const usualMinutes = 10

/**
 * How services are started: what the command line says, else what `learn-backend.yaml` says.
 * @throws UserError `usage`
 */
export function serviceSettings(
  options: Record<string, unknown>,
  { env, cache }: Session,
  workspace?: Workspace,
): ServiceSettings {
  const { driver, images, keep_warm_minutes: minutes } = workspace?.services ?? {}
  const wanted = options['services'] ?? driver ?? 'auto'
  if (wanted !== 'auto' && !driverIds.some((id) => id === wanted)) {
    throw new UserError('usage', `--services takes auto, ${driverIds.join(', ')}, not "${String(wanted)}".`)
  }
  // Where nobody comes back for a second run (CI), nothing shall stay.
  const keep = minutes ?? (env['CI'] ? 0 : usualMinutes)
  return {
    driver: wanted as ServiceSettings['driver'],
    images: { ...images, ...namedImages(options['image']) },
    cache: cache.folder,
    keepWarm: keep * 60_000,
    hostEnvironment: env,
  }
}

/** `redis=registry.local/redis:8`, as often as there are images. */
function namedImages(value: unknown): Record<string, string> {
  const words = value === undefined ? [] : [value].flat().map(String)
  return Object.fromEntries(
    words.map((word) => {
      const [, service = '', image = ''] = /^([a-z]+)=(\S+)$/.exec(word) ?? []
      if (service) return [service, image]
      throw new UserError('usage', `--image takes <service>=<image>, not "${word}".`, {
        remedy: 'For example: --image redis=registry.example.com/redis:8-alpine',
      })
    }),
  )
}
