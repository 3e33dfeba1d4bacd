import { statfsSync } from 'node:fs'
import { privateBytesOf } from '../../solution/processes.ts'
import { type LimitHit, type Limits, mostFiles } from '../isolation.ts'

/** Whether there are too many files on the file system of a folder: bubblewrap can't limit their number in a tmpfs. */
export function tooManyFiles(folder: string): LimitHit | undefined {
  const { files, ffree } = statfsSync(folder)
  if (files - ffree <= mostFiles) return undefined
  return { limit: 'disk', message: `it made more than ${mostFiles} files and folders` }
}

/**
 * Whether all processes of a solution together hold too much memory. Rougher than a control group: it has some
 * milliseconds before it is seen. @param first the first process of its namespace
 */
export function tooMuchMemory(first: number, { memory_mb }: Limits): LimitHit | undefined {
  if (privateBytesOf(first) <= memory_mb * 2 ** 20) return undefined
  return { limit: 'memory', message: `it used more than ${memory_mb} MiB of memory` }
}
