import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

interface User {
  uid: number
  gid: number
}

/** Whom a server runs as that refuses to be root: `nobody`; undefined when we are not root ourselves. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  try {
    const [, , uid, gid] =
      readFileSync('/etc/passwd', 'utf8')
        .split('\n')
        .find((line) => line.startsWith('nobody:'))
        ?.split(':') ?? []
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  } catch {
    // a system without that file
  }
  return { uid: 65_534, gid: 65_534 }
}

/** A folder for what is kept between runs that this user can read, too: root's own home is closed to others. */
export function readableCache(cache: string, user: User | undefined): string {
  return user && !isPassable(cache) ? '/var/cache/learn-backend' : cache
}

/** Whether everybody may pass through a folder and all above it. */
function isPassable(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    try {
      if ((statSync(at).mode & 0o001) === 0) return false
    } catch {
      // not there yet: it will be made passable
    }
    if (at === dirname(at)) return true
  }
}
