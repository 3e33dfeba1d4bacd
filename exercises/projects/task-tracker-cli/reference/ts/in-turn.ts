import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from './refusal.ts'

/** How long a run waits for the others, in milliseconds. */
const patience = 10_000

/**
 * Does `work` while no other run of this program works in this directory.
 *
 * A lock of the operating system (flock) would be the first choice, since it vanishes with its holder, but Node has
 * none. So each run puts up a claim, a file that is named for its process, and works if it sees no other claim. Two
 * that arrive together may both step back, but never both go on: the one that looks later sees the other's claim. The
 * claim of a process that was killed counts for nothing, and nobody ever takes over somebody else's claim.
 */
export async function inTurn<T>(work: () => T): Promise<T> {
  const claim = `.tasks-${process.pid}-${randomUUID()}.claim`
  const deadline = Date.now() + patience
  for (;;) {
    if (rivalsOf(claim).length === 0) {
      writeFileSync(claim, '')
      if (rivalsOf(claim).length === 0) break
      rmSync(claim)
    }
    if (Date.now() > deadline) throw new Refusal(`Other runs kept the tasks busy: ${rivalsOf(claim).join(', ')}`)
    // At random, so that two that stepped back do not meet again.
    await sleep(2 + Math.random() * 15)
  }
  try {
    return work()
  } finally {
    rmSync(claim)
  }
}

/** The other claims of living processes; those of dead ones are cleared away. */
function rivalsOf(claim: string): string[] {
  return readdirSync('.').filter((file) => {
    const pid = /^\.tasks-(\d+)-.*\.claim$/.exec(file)?.[1]
    if (pid === undefined || file === claim) return false
    if (isAlive(Number(pid))) return true
    rmSync(file, { force: true })
    return false
  })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It lives, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
