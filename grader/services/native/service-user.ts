import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

export interface User {
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

/** Whether everybody may pass through a folder and all above it. */
export function isPassable(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    try {
      if ((statSync(at).mode & 0o001) === 0) return false
    } catch {
      // not there yet: it will be made passable
    }
    if (at === dirname(at)) return true
  }
}
