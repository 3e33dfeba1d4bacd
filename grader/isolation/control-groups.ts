import { readFileSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { LimitHit } from './isolation.ts'
import type { ControlGroups, PodSettings } from './pod-settings.ts'

/** Words that put whatever follows them into control groups. */
export function enterGroups(groups: ControlGroups | undefined): string[] {
  if (!groups) return []
  const folders = [...new Set([groups.memory, groups.pids])]
  // 0 is the process that writes.
  const script = 'for group in $0; do echo 0 > "$group/cgroup.procs" || exit 126; done; exec "$@"'
  return ['/bin/sh', '-c', script, folders.join(' ')]
}

/** Which limit the solution has hit, as the kernel counts. */
export function limitHit(
  groups: ControlGroups | undefined,
  { limits, room }: Pick<PodSettings, 'limits' | 'room'>,
): LimitHit | undefined {
  if (groups && counter(join(groups.memory, memoryEvents[groups.version]), 'oom_kill') > 0)
    return { limit: 'memory', message: `it used more than ${limits.memory_mb} MiB of memory` }
  if (groups && counter(join(groups.pids, 'pids.events'), 'max') > 0)
    return { limit: 'processes', message: `it started more than ${limits.processes} processes and threads` }
  if (isFull(room)) return { limit: 'disk', message: `it wrote more than ${limits.disk_mb} MiB` }
  return undefined
}

const memoryEvents = { 1: 'memory.oom_control', 2: 'memory.events' } as const

/** A line `name number` of a control group's file; 0 when there is none. */
function counter(file: string, name: string): number {
  try {
    return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function isFull(folder: string): boolean {
  try {
    const { bavail, ffree } = statfsSync(folder)
    return bavail === 0 || ffree === 0
  } catch {
    return false
  }
}
