// @ts-check
// `npm run soak pods [kills] [seconds]`: graders of hostile code are killed at random moments, several at once, while solutions put
// trees of daemons into their pods. Nothing may be left two seconds later: no process, no folder, no control group.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { controlGroupsOf, describeProcess, processesWith, settled } from '../../fixtures/leftovers.js'
import { root } from './steps.js'

const perBatch = 5

/**
 * @param {number} kills how many graders are killed
 * @param {number} seconds after which no further batch begins
 * @returns {Promise<number>} how many left something behind
 */
export async function soakPods(kills, seconds) {
  console.log(
    `${kills} graders killed with kill -9 at random moments while daemons are in their pods, ${perBatch} at a time`,
  )
  const start = performance.now()
  const counts = { killed: 0, withDaemons: 0, withLeftovers: 0, slowest: 0 }
  while (counts.killed < kills && performance.now() - start < seconds * 1000) {
    const size = Math.min(perBatch, kills - counts.killed)
    const rounds = await Promise.all(
      Array.from({ length: size }, (_, index) => killOne((counts.killed + index) % 2 === 0)),
    )
    for (const { left, ms, daemons } of rounds) {
      counts.killed++
      counts.withDaemons += daemons > 0 ? 1 : 0
      counts.slowest = Math.max(counts.slowest, ms)
      if (left.length > 0) {
        counts.withLeftovers++
        console.log(`  kill ${counts.killed} left ${left.join(', ')}`)
      }
    }
    if (counts.killed % 100 < size || counts.killed === kills) console.log(`  ${describe(counts)}`)
  }
  console.log(`  at the end, after ${((performance.now() - start) / 1000).toFixed(0)} s: ${describe(counts)}`)
  return counts.withLeftovers
}

/** @param {{ killed: number, withDaemons: number, withLeftovers: number, slowest: number }} counts */
function describe({ killed, withDaemons, withLeftovers, slowest }) {
  return `${killed} kills, ${withDaemons} of them with daemons, ${withLeftovers} with something left, the slowest clean-up ${slowest.toFixed(0)} ms`
}

/** @param {boolean} withDaemons the moment is after daemons have come; else any, also while the pod is being made */
async function killOne(withDaemons) {
  const trap = mkdtempSync(join(tmpdir(), 'soak-pods-'))
  const temporary = join(trap, 'tmp')
  mkdirSync(temporary)
  const solution = join(trap, 'solutions/daemons')
  cpSync(join(root, 'fixtures/isolation/daemons'), solution, { recursive: true })
  writeFileSync(join(solution, 'mark'), trap)
  const words = [join(trap, 'solutions'), '--as', 'ten', '--course', join(root, 'fixtures/bench/course')]
  const grader = spawn(process.execPath, [join(root, 'dist/main.js'), 'grade', ...words, '--isolation', 'bubblewrap'], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => grader.once('exit', resolve))
  const patience = performance.now() + 5000
  while (withDaemons && daemonsOf(trap) === 0 && performance.now() < patience) await sleep(20)
  await sleep(Math.random() * (withDaemons ? 500 : 1500))
  // Those of the trial are gone by now, or will be looked for with the others.
  const runs = readdirSync(temporary).flatMap((name) => /^learn-backend-run-(\w+)$/.exec(name)?.[1] ?? [])
  const daemons = daemonsOf(trap)
  grader.kill('SIGKILL')
  await ended
  const marks = [`MARK=${trap}`, `TMPDIR=${temporary}`, ...runs.map((run) => `LEARN_BACKEND_RUN=${run}`)]
  const look = () => [...readdirSync(temporary), ...processesWith(marks).map(describeProcess), ...controlGroupsOf(runs)]
  const start = performance.now()
  const left = await settled(look, 2000, 10)
  const ms = performance.now() - start
  rmSync(trap, { recursive: true, force: true })
  return { left, ms, daemons }
}

/** @param {string} trap */
function daemonsOf(trap) {
  return processesWith([`MARK=${trap}`]).length
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
