import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Numbers that systemd's table of user ids leaves to nobody: https://systemd.io/UIDS-GIDS */
const range = { from: 60_578, to: 61_183 }

/** A user id, and a group id, that belongs to nobody on this machine. */
export function unusedUid(): number {
  const taken = new Set([...idsIn('/etc/passwd'), ...idsIn('/etc/group')])
  for (;;) {
    const uid = randomInt(range.from, range.to + 1)
    if (!taken.has(uid)) return uid
  }
}

function idsIn(file: string): number[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => Number(line.split(':')[2]))
}
