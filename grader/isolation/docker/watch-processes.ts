import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Limits } from '../isolation.ts'
import { type LimitWatch, watchLimit } from '../watch-limit.ts'

/** Whoever was refused a process may have ended, and its threads with it, before we look. */
const gone = 24

/**
 * Looks whether a solution has as many processes and threads as it may: whoever is refused one by its user's limit is not
 * counted by the kernel. @param group the container's control group
 */
export function watchProcesses(group: string, { processes }: Limits): LimitWatch {
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
  return watchLimit({
    interval: 40,
    find: () =>
      count() - own < processes - gone
        ? undefined
        : { limit: 'processes', message: `it started more than ${processes} processes and threads` },
  })
}
