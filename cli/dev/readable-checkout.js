// @ts-check
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './steps.js'

/**
 * Some tests grade as a user without rights, who must be able to read the program. Where root has checked it out in a
 * folder that is closed to others (its home), the same files get a second place that is not.
 * @returns {{ folder: string, leave: () => void } | undefined} undefined where none is needed, or none can be had
 */
export function readableCheckout() {
  if (process.getuid?.() !== 0 || isPassable(root)) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'learn-backend-checkout-'))
  chmodSync(folder, 0o755)
  const leave = () => {
    spawnSync('umount', ['-l', folder], { stdio: 'ignore' })
    rmdirSync(folder)
  }
  if (spawnSync('mount', ['--bind', root, folder], { stdio: 'ignore' }).status === 0) return { folder, leave }
  rmdirSync(folder)
  return undefined
}

/** @param {string} folder */
function isPassable(folder) {
  for (let at = folder; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}
