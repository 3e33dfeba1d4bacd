import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LimitHit, Limits } from '../isolation.ts'

/** Milliseconds between two looks. */
const interval = 40

/** Whoever was refused a process may have ended, and its threads with it, before we look. */
const gone = 24

/**
 * Looks whether a solution has as many processes and threads as it may: whoever is refused one by its user's limit is not
 * counted by the kernel. @param group the container's control group
 */
export function watchProcesses(
  group: string,
  { processes }: Limits,
): { readonly hit: LimitHit | undefined; look(): void } {
  const file = join(group, 'pids.current')
  const count = () => {
    try {
      return Number(readFileSync(file, 'utf8'))
    } catch {
      return 0
    }
  }
  // The grader's own; it may get a few threads more.
  const own = count()
  let hit: LimitHit | undefined
  const look = () => {
    if (hit || count() - own < processes - gone) return
    hit = { limit: 'processes', message: `it started more than ${processes} processes and threads` }
    clearInterval(timer)
  }
  const timer = setInterval(look, interval)
  timer.unref()
  return {
    look,
    get hit() {
      return hit
    },
  }
}
