import type { Limits } from './isolation.ts'

/** Wherever Linux has util-linux, which brings it: a program's own PATH may lead anywhere. */
const prlimit = '/usr/bin/prlimit'

/** What a service of the pod may use: it is no stranger's, but a stranger talks to it. */
const serviceLimits = { nofile: 8192, nproc: 1024, data: 4096 * 2 ** 20 }

/** prlimit's words for what one process may use. @param grouped what a control group limits already */
export function limitWords(
  limits: Limits,
  role: 'solution' | 'service',
  grouped: readonly ('memory' | 'processes')[],
): string[] {
  if (role === 'service')
    return [prlimit, '--core=0', ...Object.entries(serviceLimits).map(([name, value]) => `--${name}=${value}`), '--']
  return [
    prlimit,
    '--core=0',
    // A signal that tells what it was comes before the one that can't be caught.
    `--cpu=${limits.cpu_s}:${limits.cpu_s + 1}`,
    `--nofile=${limits.open_files}`,
    `--fsize=${limits.disk_mb * 2 ** 20}`,
    // The number of processes is counted per user and namespace of users: the sandbox has one of its own. Memory is
    // counted per process, and the stacks of threads are counted whole: so that is no more than a rough bound.
    ...(grouped.includes('processes') ? [] : [`--nproc=${limits.processes}`]),
    ...(grouped.includes('memory') ? [] : [`--data=${2 * limits.memory_mb * 2 ** 20}`]),
    '--',
  ]
}

/** For the report: those limits that are held in the same way by every pod. */
export function describeLimits({ open_files, cpu_s, disk_mb, wall_s }: Limits): string[] {
  return [
    `open files ${open_files}, processor time ${cpu_s} s (prlimit, for each process)`,
    `disk ${disk_mb} MiB (tmpfs)`,
    `time ${wall_s} s`,
  ]
}
