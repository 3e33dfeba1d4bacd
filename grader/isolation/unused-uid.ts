import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Numbers that systemd's table of user ids leaves to nobody: https://systemd.io/UIDS-GIDS */
const range = { from: 60_578, to: 61_183 }

/** Those that pods of this process have got: two at once must not share one. */
const given = new Set<number>()

/** A user id, and a group id, that belongs to nobody on this machine. */
export function unusedUid(): number {
  const taken = new Set([...idsIn('/etc/passwd'), ...idsIn('/etc/group')])
  for (;;) {
    const uid = randomInt(range.from, range.to + 1)
    if (given.size > (range.to - range.from) / 2) given.clear()
    if (taken.has(uid) || given.has(uid)) continue
    given.add(uid)
    return uid
  }
}

function idsIn(file: string): number[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => Number(line.split(':')[2]))
}
