import { statfsSync } from 'node:fs'
import type { LimitHit } from '../isolation.ts'
import { mostFiles } from '../isolation.ts'

/** Milliseconds between two looks. */
const interval = 100

/** Looks how many files there are on the file system of a folder, and tells once when they are too many. */
export function watchFiles(folder: string, onTooMany: () => void): { readonly hit: LimitHit | undefined } {
  let hit: LimitHit | undefined
  const timer = setInterval(() => {
    const { files, ffree } = statfsSync(folder)
    if (files - ffree <= mostFiles) return
    hit = { limit: 'disk', message: `it made more than ${mostFiles} files and folders` }
    clearInterval(timer)
    onTooMany()
  }, interval)
  timer.unref()
  return {
    get hit() {
      return hit
    },
  }
}
