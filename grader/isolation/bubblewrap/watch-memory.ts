import { privateBytesOf } from '../../solution/processes.ts'
import type { LimitHit, Limits } from '../isolation.ts'

/** Milliseconds between two looks. */
const interval = 60

/**
 * Adds up, where no control group does, what all processes of a solution hold in memory, and tells once when it is too
 * much. Rougher than a control group: a solution has some milliseconds before it is seen.
 * @param first the first process of its namespace, once there is one
 */
export function watchMemory(
  first: () => Promise<number | undefined>,
  { memory_mb }: Limits,
  onTooMuch: () => void,
): { readonly hit: LimitHit | undefined } {
  let hit: LimitHit | undefined
  const look = async () => {
    const pid = await first()
    if (hit || pid === undefined || privateBytesOf(pid) <= memory_mb * 2 ** 20) return
    hit = { limit: 'memory', message: `it used more than ${memory_mb} MiB of memory` }
    clearInterval(timer)
    onTooMuch()
  }
  const timer = setInterval(() => void look(), interval)
  timer.unref()
  return {
    get hit() {
      return hit
    },
  }
}
