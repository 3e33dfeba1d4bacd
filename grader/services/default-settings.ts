import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServiceSettings } from './server.ts'

/** Whatever driver works, nothing kept up, and the cache of this user. */
export function defaultServiceSettings(
  hostEnvironment: Record<string, string | undefined>,
  cache: string | undefined,
): ServiceSettings {
  return {
    driver: 'auto',
    images: {},
    cache: cache ?? join(homedir() || tmpdir(), '.cache', 'learn-backend'),
    keepWarm: 0,
    hostEnvironment,
  }
}
