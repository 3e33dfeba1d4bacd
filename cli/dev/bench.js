// @ts-check
// `npm run bench`: what grading costs, as ratios to a floor that is measured in the same run, turn by turn, so that the
// machine's mood touches both. Absolute times say more about the machine than about the program.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPrograms, prepareServers } from './servers.js'
import { install, installed, root, run } from './steps.js'
import { runFloor } from '../../fixtures/bench/floor.js'

const rounds = Number(process.argv[2] ?? 15)
await install()
if ((await run([process.execPath, 'cli/dev/build.js'])) !== 0) throw new Error('the build failed')

const bench = join(root, 'fixtures/bench')
const node = process.execPath
const program = join(root, 'dist/main.js')

/**
 * @typedef {{ name: string, budget?: number, command: string[] }} Contender
 * @type {{ title: string, floor: string[], contenders: Contender[] }[]}
 */
const races = [
  {
    title: 'ten HTTP tests, from process start to exit',
    floor: [node, join(bench, 'floor.js')],
    contenders: [
      {
        name: 'verify',
        budget: 1.25,
        command: [
          node,
          program,
          'verify',
          'ten',
          '--course',
          join(bench, 'course'),
          '--solution',
          join(bench, 'server'),
        ],
      },
      { name: 'mocha', command: [...installed('mocha/bin/mocha.js'), join(bench, 'peers/ten.mocha.js')] },
      { name: 'vitest', command: [...installed('vitest/vitest.mjs'), 'run', '--root', join(bench, 'peers')] },
    ],
  },
  {
    title: 'start-up',
    floor: [node, '-e', '0'],
    contenders: [
      { name: '--help', budget: 1.35, command: [node, program, '--help'] },
      { name: 'list', budget: 1.35, command: [node, program, 'list'] },
    ],
  },
]

let over = 0
for (const { title, floor, contenders } of races) {
  console.log(`\n${title} (${rounds} rounds)`)
  /** @type {Map<string, number[]>} */
  const ratios = new Map(contenders.map(({ name }) => [name, []]))
  const floors = []
  for (let round = -1; round < rounds; round++) {
    const base = time(floor)
    const times = contenders.map(({ name, command }) => /** @type {const} */ ([name, time(command)]))
    // The first round fills the caches.
    if (round < 0) continue
    floors.push(base)
    for (const [name, ms] of times) ratios.get(name)?.push(ms / base)
  }
  console.log(`  ${'floor'.padEnd(12)} ${median(floors).toFixed(0).padStart(5)} ms`)
  for (const { name, budget } of contenders) show(name, ratios.get(name) ?? [], budget)
}

console.log(`\nthe same ten tests again in one process (${rounds} rounds)`)
const { gradeSolution, openCourse } = await import('../../dist/index.js')
const cache = { folder: join(root, 'node_modules/.cache/learn-backend-bench') }
const [exercise] = (await openCourse(join(bench, 'course'), cache)).exercises
const inProcess = []
for (let round = -1; round < rounds; round++) {
  const base = await timed(runFloor)
  const graded = await timed(() =>
    gradeSolution({ exercise, solution: join(bench, 'server'), seed: '1', cache, hostEnvironment: process.env }),
  )
  if (round >= 0) inProcess.push(graded / base)
}
show('grade', inProcess, 1.4)
await benchLanguages()
benchBatch()
await benchServices()
console.log(over === 0 ? '\nall within their budgets' : `\n${over} not within their budgets`)
process.exitCode = over === 0 ? 0 : 1

/** How long until a solution listens, in each language. */
async function benchLanguages() {
  await installPrograms()
  const outfile = join(root, 'node_modules/.cache/learn-backend-bench/ready.mjs')
  await bundleForBench(join(bench, 'languages/ready.ts'), outfile, 'node20')
  if ((await run([node, outfile, root, String(rounds)])) !== 0) over++
}

/** @param {string} entry @param {string} outfile @param {string} target */
async function bundleForBench(entry, outfile, target) {
  const { build } = await import('esbuild')
  const form = /** @type {const} */ ({ platform: 'node', format: 'esm', packages: 'external' })
  await build({ entryPoints: [entry], outfile, bundle: true, target, ...form })
}

/** How many submissions of ten tests each a core grades in a minute. */
function benchBatch() {
  const copies = 40
  const jobs = Math.min(2, availableParallelism())
  const times = Math.min(rounds, 5)
  const folder = mkdtempSync(join(tmpdir(), 'bench-batch-'))
  try {
    for (let copy = 1; copy <= copies; copy++)
      cpSync(join(bench, 'server'), join(folder, `learner-${copy}`), { recursive: true })
    const words = [program, 'grade', folder, '--as', 'ten', '--course', join(bench, 'course'), '--jobs', String(jobs)]
    console.log(`\nbatch: ${copies} submissions, ${jobs} at a time (${times} rounds)`)
    /** @type {Record<string, { budget: number, rates: number[] }>} */
    const kinds = { none: { budget: 200, rates: [] }, bubblewrap: { budget: 100, rates: [] } }
    for (let round = 0; round < times; round++)
      for (const [isolation, { rates }] of Object.entries(kinds))
        rates.push((copies * 60_000) / time([node, ...words, '--isolation', isolation]) / jobs)
    for (const [isolation, { budget, rates }] of Object.entries(kinds)) {
      const rate = median(rates)
      if (rate < budget) over++
      const verdict = rate < budget ? `UNDER ${budget}` : `at least ${budget}`
      console.log(`  ${isolation.padEnd(12)} ${rate.toFixed(0).padStart(5)} a minute and core  ${verdict}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** How long until a server is ready; on Node 22, which testcontainers needs. */
async function benchServices() {
  await install('fixtures/runtimes')
  await install('fixtures/bench/services')
  const servers = await prepareServers()
  try {
    const outfile = join(bench, 'services/node_modules/.cache/ready.mjs')
    await bundleForBench(join(bench, 'services/ready.ts'), outfile, 'node22')
    const node22 = join(root, 'fixtures/runtimes/node_modules/node-22/bin/node')
    if ((await run([node22, outfile, String(Math.min(rounds, 9))], { env: servers.env })) !== 0) over++
  } finally {
    await servers.stop()
  }
}

/** @param {string[]} command */
function time([file = '', ...words]) {
  const start = performance.now()
  const { status, stderr } = spawnSync(file, words, { stdio: ['ignore', 'ignore', 'pipe'], cwd: bench })
  const ms = performance.now() - start
  if (status !== 0) throw new Error(`${[file, ...words].join(' ')} exited with code ${status}: ${String(stderr)}`)
  return ms
}

/** @param {() => Promise<unknown>} work */
async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** @param {string} name @param {number[]} ratios @param {number} [budget] */
function show(name, ratios, budget) {
  const sorted = [...ratios].sort((a, b) => a - b)
  const middle = median(ratios)
  const verdict = budget === undefined ? '' : middle <= budget ? `within ${budget}` : `OVER ${budget}`
  if (budget !== undefined && middle > budget) over++
  const range = `${(sorted[0] ?? 0).toFixed(2)} to ${(sorted.at(-1) ?? 0).toFixed(2)}`
  console.log(`  ${name.padEnd(12)} ${middle.toFixed(2).padStart(5)} x the floor (${range})  ${verdict}`)
}

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
