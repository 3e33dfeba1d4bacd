// @ts-check
// `npm run soak [kills] [repeats]`: what takes too long for every change. Graders that are killed at random moments must
// leave nothing behind, and no hidden test may flake.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { install, root, run } from './steps.js'

const [kills = 1000, repeats = 20] = process.argv.slice(2).map(Number)
await install()
if ((await run([process.execPath, 'cli/dev/build.js'])) !== 0) throw new Error('the build failed')

console.log(`${kills} graders killed with kill -9 at random moments, while solutions fork and ignore SIGTERM`)
let orphans = 0
let slowest = 0
for (let count = 1; count <= kills; count++) {
  const { left, ms } = await killOne(count % 2 === 0 ? 'forks' : 'ignores-sigterm', Math.random() * 700)
  slowest = Math.max(slowest, ms)
  if (left.length > 0) {
    orphans++
    console.log(`  kill ${count} left ${left.join(', ')}`)
  }
  if (count % 100 === 0)
    console.log(`  ${count} kills, ${orphans} with something left, the slowest clean-up ${slowest.toFixed(0)} ms`)
}

console.log(`every reference ${repeats} times, each with another seed`)
const check = await run([process.execPath, 'dist/main.js', 'author', 'check', '--repeat', String(repeats)])
process.exitCode = orphans === 0 && check === 0 ? 0 : 1

/** @param {string} solution @param {number} after milliseconds */
async function killOne(solution, after) {
  const trap = mkdtempSync(join(tmpdir(), 'soak-'))
  const words = ['verify', 'ten', '--course', 'fixtures/bench/course', '--solution', `fixtures/solutions/${solution}`]
  const grader = spawn(process.execPath, ['dist/main.js', ...words], {
    cwd: root,
    env: { ...process.env, TMPDIR: trap },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => grader.once('exit', resolve))
  await sleep(after)
  grader.kill('SIGKILL')
  await ended
  const start = performance.now()
  let left = leftovers(trap)
  while (left.length > 0 && performance.now() - start < 2000) {
    await sleep(5)
    left = leftovers(trap)
  }
  const ms = performance.now() - start
  rmSync(trap, { recursive: true, force: true })
  return { left, ms }
}

/** Files in the folder, and processes that have it in their environment. @param {string} trap */
function leftovers(trap) {
  const processes = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const marked = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`TMPDIR=${trap}`)
      return marked && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    } catch {
      return false
    }
  })
  return [...readdirSync(trap), ...processes.map((pid) => `process ${pid}`)]
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
