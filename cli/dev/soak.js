// @ts-check
// `npm run soak [kills] [repeats] [kills with services]`: what takes too long for every change. Graders that are killed at
// random moments must leave nothing behind, and no hidden test may flake. `npm run soak pods [kills] [seconds]`: only graders
// of hostile code.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leftoversIn, settled } from '../../fixtures/leftovers.js'
import { pathWithStandIns, prepareServers } from './servers.js'
import { soakPods } from './soak-pods.js'
import { install, root, run } from './steps.js'

const onlyPods = process.argv[2] === 'pods'
const [kills = 1000, repeats = 20, killsWithServices = 200] = process.argv.slice(2).map(Number)
await install()
if ((await run([process.execPath, 'cli/dev/build.js'])) !== 0) throw new Error('the build failed')
if (onlyPods) {
  const [pods = 1000, seconds = Number.POSITIVE_INFINITY] = process.argv.slice(3).map(Number)
  process.exit((await soakPods(pods, seconds)) === 0 ? 0 : 1)
}

console.log(`${kills} graders killed with kill -9 at random moments, while solutions fork and ignore SIGTERM`)
let orphans = 0
let slowest = 0
for (let count = 1; count <= kills; count++) {
  const solution = `fixtures/solutions/${count % 2 === 0 ? 'forks' : 'ignores-sigterm'}`
  const words = ['ten', '--course', 'fixtures/bench/course', '--solution', solution]
  const { left, ms } = await killOne(words, Math.random() * 700)
  slowest = Math.max(slowest, ms)
  if (left.length > 0) {
    orphans++
    console.log(`  kill ${count} left ${left.join(', ')}`)
  }
  if (count % 100 === 0)
    console.log(`  ${count} kills, ${orphans} with something left, the slowest clean-up ${slowest.toFixed(0)} ms`)
}

console.log(`${killsWithServices} graders killed while they have servers, natively and in containers`)
const servers = await prepareServers()
const images = ['redis=learn-backend-test/redis:7', 'postgres=learn-backend-test/postgres:15']
for (let count = 1; count <= killsWithServices; count++) {
  const path = count % 2 === 0 ? '06-caching/redis-cache-aside' : '03-databases/postgres-transfers'
  const driver = count % 4 < 2 ? 'native' : 'docker'
  const words = [path.split('/')[1] ?? '', '--solution', `exercises/${path}/reference/ts`, '--services', driver]
  const { left, ms } = await killOne([...words, '--image', ...images], 100 + Math.random() * 2500, servers.env)
  slowest = Math.max(slowest, ms)
  if (left.length > 0) {
    orphans++
    console.log(`  kill ${count} (${driver}) left ${left.join(', ')}`)
  }
  if (count % 20 === 0)
    console.log(`  ${count} kills, ${orphans} with something left, the slowest clean-up ${slowest.toFixed(0)} ms`)
}
await servers.stop()

console.log(`every reference ${repeats} times, each with another seed`)
const check = await run(
  [process.execPath, 'dist/main.js', 'author', 'check', '--repeat', String(repeats), '--services', 'native'],
  {
    env: { PATH: pathWithStandIns() },
  },
)
process.exitCode = orphans === 0 && check === 0 ? 0 : 1

/** @param {string[]} words what is verified @param {number} after milliseconds @param {Record<string, string>} [env] */
async function killOne(words, after, env = {}) {
  const trap = mkdtempSync(join(tmpdir(), 'soak-'))
  const grader = spawn(process.execPath, ['dist/main.js', 'verify', ...words], {
    cwd: root,
    env: { ...process.env, ...env, TMPDIR: trap },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => grader.once('exit', resolve))
  await sleep(after)
  grader.kill('SIGKILL')
  await ended
  const start = performance.now()
  const look = () => [...leftoversIn(trap), ...(env['PATH'] ? containers(env) : [])]
  // An engine takes its time to remove a container; it must be quick to begin.
  const left = await settled(look, env['PATH'] ? 10_000 : 2000, 5)
  const ms = performance.now() - start
  rmSync(trap, { recursive: true, force: true })
  return { left, ms }
}

/** Containers and volumes of ours. @param {Record<string, string>} env */
function containers(env) {
  const list = (/** @type {string[]} */ words) =>
    execFileSync('docker', words, { env: { ...process.env, ...env }, encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
  return [...list(['ps', '-aq', '--filter', 'label=io.github.learn-backend.run']), ...list(['volume', 'ls', '-q'])]
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
