import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../user-error.ts'
import type { ServiceSettings } from '../server.ts'

/**
 * The folder with the sockets of this user's keepers. Not in the cache: its path may be too long for a socket's
 * address (108 bytes).
 * @throws UserError when somebody else has made it
 */
export function warmFolder(): string {
  const folder = folderName()
  const uid = process.getuid?.() ?? 0
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stats = lstatSync(folder)
  if (!stats.isDirectory() || (process.getuid && stats.uid !== uid) || (stats.mode & 0o077) !== 0) {
    throw new UserError('environment', `${folder} belongs to somebody else, or others may write there.`, {
      remedy: `Remove it, or name another folder for temporary files in the environment variable TMPDIR.`,
    })
  }
  return folder
}

function folderName(): string {
  return join(tmpdir(), `learn-backend-warm-${process.getuid?.() ?? 0}`)
}

/** The beginning of the names of sockets whose keepers hold what these settings ask for. */
export function warmPrefix(service: string, settings: ServiceSettings): string {
  const { driver, images, group, hostEnvironment } = settings
  const wanted = [driver, images[service], group, hostEnvironment['PATH'], hostEnvironment['DOCKER_HOST']]
  const hash = createHash('sha256').update(JSON.stringify(wanted)).digest('hex').slice(0, 10)
  return `${service}-${hash}-`
}

/** The sockets of keepers, absolute. */
export function warmSockets(prefix = ''): string[] {
  if (!existsSync(folderName())) return []
  const folder = warmFolder()
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.sock'))
    .map((name) => join(folder, name))
}
