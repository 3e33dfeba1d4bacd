import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from './refusal.js'

/** How long a run waits for the others, in milliseconds. */
const patience = 10_000

/**
 * Does `work` while no other run of this program works in this directory.
 *
 * A lock of the operating system (flock) would be the first choice, since it vanishes with its holder, but Node has
 * none. So each run puts up a claim, a file that is named for its process, and works if it sees no other claim. Two
 * that arrive together may both step back, but never both go on: the one that looks later sees the other's claim. The
 * claim of a process that was killed counts for nothing, and nobody ever takes over somebody else's claim.
 * @template T
 * @param {() => T} work
 * @returns {Promise<T>}
 */
export async function inTurn(work) {
  const claim = `.tasks-${process.pid}-${randomUUID()}.claim`
  const deadline = Date.now() + patience
  while (!take(claim)) {
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

/**
 * Looks before and after putting up the claim: before, so that those who wait do not disturb whoever works; after, for
 * those who came at the same time.
 */
function take(claim) {
  if (rivalsOf(claim).length > 0) return false
  writeFileSync(claim, '')
  if (rivalsOf(claim).length === 0) return true
  rmSync(claim)
  return false
}

/** The other claims of living processes; those of dead ones are cleared away. */
function rivalsOf(claim) {
  return readdirSync('.').filter((file) => {
    const pid = /^\.tasks-(\d+)-.*\.claim$/.exec(file)?.[1]
    if (pid === undefined || file === claim) return false
    if (isAlive(Number(pid))) return true
    rmSync(file, { force: true })
    return false
  })
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It lives, but belongs to somebody else.
    return error.code === 'EPERM'
  }
}
