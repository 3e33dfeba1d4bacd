import { availableParallelism } from 'node:os'
import { expect } from 'vitest'
import { type App, note, sleep, SolutionFailure, step, together } from 'learn-backend/kit'
import { processorsOf, width } from './demand.ts'
import { ENDLESS, makePuzzle, type Puzzle } from './puzzle.ts'
import { clientsOf, expectStats, test, WORKERS } from './service.ts'

step('quick', () => {
  test('nothing runs and nothing waits at first', async ({ app }) => {
    expect(await app.get('/stats')).toAnswer(200, { running: 0, waiting: 0 })
  })

  test('/health and /stats stay quick while puzzles are being solved', async ({ app, random }) => {
    const usual = median(await times(app, () => '/health'))
    await using clients = clientsOf(app)
    clients.askAll(WORKERS + 1, makePuzzle(random).path(ENDLESS))
    await workBegins(app)
    for (const path of ['/health', '/stats']) await expectQuick(app, () => path, usual)
  })

  test('lookups stay quick while puzzles are being solved', async ({ app, upstream, random }) => {
    upstream.respond({ json: { found: random.word() } })
    const path = () => `/lookup/${random.word()}`
    const usual = median(await times(app, path))
    await using clients = clientsOf(app)
    clients.askAll(WORKERS + 1, makePuzzle(random).path(ENDLESS))
    await workBegins(app)
    await expectQuick(app, path, usual)
  })
})

/** Waits until the program solves puzzles: until then nothing could be in the way of a quick request. */
async function workBegins(app: App): Promise<void> {
  const end = performance.now() + 4000
  note(`Before, ${WORKERS + 1} puzzles were asked for that take minutes (WORKERS=${WORKERS}).`)
  for (;;) {
    const answer = await app.get('/stats')
    expect(answer).toHaveStatus(200)
    if (answer.json?.running > 0) return
    if (performance.now() > end) {
      return void expect(answer, 'puzzles that take minutes are being solved').toContainJson({ running: WORKERS })
    }
    await sleep(20)
  }
}

/** Of eleven requests, one after the other, in milliseconds. */
async function times(app: App, path: () => string): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < 11; i++) {
    const answer = await app.get(path())
    expect(answer).toHaveStatus(200)
    all.push(answer.ms)
  }
  return all
}

async function expectQuick(app: App, path: () => string, usual: number): Promise<void> {
  // A machine that was idle before is not any more, and schedulers hand out turns of 10 ms: to be many times as slow as
  // next to nothing is no fault. Who waits for these puzzles waits for minutes.
  const limit = Math.max(400, 10 * usual)
  let best = Infinity
  // Again if need be: a busy moment of the machine spoils one round, waiting for puzzles spoils them all.
  for (let round = 0; round < 4 && best > limit; round++) best = Math.min(best, median(await times(app, path)))
  if (best <= limit) return
  throw new SolutionFailure(
    'wrong_answer',
    'Quick requests wait for puzzles: whatever takes a puzzle for a while must leave the rest of the program alone.',
    {
      asked: `GET ${path()}, again and again, while puzzles are being solved`,
      expected: `half of them within ${Math.round(limit)} ms (without puzzles it was ${usual.toFixed(1)} ms)`,
      got: `half of them took more than ${Math.round(best)} ms`,
      replay: undefined,
    },
  )
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

step('parallel', () => {
  test('as many puzzles are being solved as there are workers, and the others wait', async ({ app, random }) => {
    const path = makePuzzle(random).path(ENDLESS)
    await using clients = clientsOf(app)
    clients.ask(path)
    await expectStats(app, { running: 1, waiting: 0 }, `One puzzle was asked for (WORKERS=${WORKERS}).`)
    clients.ask(path)
    await expectStats(app, { running: 2, waiting: 0 }, `Two puzzles were asked for (WORKERS=${WORKERS}).`)
    clients.askAll(2, path)
    await expectStats(app, { running: 2, waiting: 2 }, `Four puzzles were asked for (WORKERS=${WORKERS}).`)
  })

  test('the number of workers comes from WORKERS', async ({ start, upstream, random }) => {
    const workers = random.pick([1, 3])
    const app = await start({ env: { UPSTREAM_URL: upstream.url, WORKERS: String(workers), QUEUE_LIMIT: '5' } })
    await using clients = clientsOf(app)
    clients.askAll(5, makePuzzle(random).path(ENDLESS))
    const why = `Five puzzles were asked for, with WORKERS=${workers} and QUEUE_LIMIT=5.`
    await expectStats(app, { running: workers, waiting: 5 - workers }, why)
  })

  test('two puzzles at once keep two processors busy', async ({ app, random }) => {
    const puzzle = makePuzzle(random)
    await using clients = clientsOf(app)
    clients.askAll(WORKERS, puzzle.path(ENDLESS))
    await expectStats(app, { running: WORKERS }, `Two puzzles were asked for (WORKERS=${WORKERS}).`)
    const atOnce = await measureWidth(app)
    if (atOnce === undefined) {
      await clients[Symbol.asyncDispose]()
      return await expectTwoAsQuickAsOne(app, puzzle)
    }
    const wanted = Math.min(WORKERS, processorsOf(app))
    if (wanted > 1 && atOnce < enough) throw notParallel(`on average ${atOnce.toFixed(2)} of them`)
  })
})

// Halfway between one after the other and two side by side.
const enough = 1.5

/** How many threads compute at once; the best of a few looks. Undefined where the system does not tell. */
async function measureWidth(app: App): Promise<number | undefined> {
  let best: number | undefined
  for (let round = 0; round < 6 && (best ?? 0) < enough; round++) {
    const now = await width(app, 700)
    if (now === undefined) return undefined
    best = Math.max(best ?? 0, now)
  }
  return best
}

/** By the clock, for systems that do not say what a thread wants. */
async function expectTwoAsQuickAsOne(app: App, puzzle: Puzzle): Promise<void> {
  if (availableParallelism() < 2) return
  let best = Infinity
  let squarings = 20_000
  for (let round = 0; round < 8 && best > 1.6; round++) {
    const one = await timeOf(() => app.get(puzzle.path(squarings), { deadline: 5000 }))
    if (one < 150) {
      squarings *= 3
      continue
    }
    best = Math.min(
      best,
      (await timeOf(() => together(2, () => app.get(puzzle.path(squarings), { deadline: 5000 })))) / one,
    )
  }
  if (best > 1.6) throw notParallel(`two puzzles at once took ${best.toFixed(1)} times as long as one`)
}

async function timeOf(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return performance.now() - began
}

function notParallel(got: string): SolutionFailure {
  return new SolutionFailure(
    'wrong_answer',
    'The puzzles take turns: only one is really being computed at any moment. Look for a lock that they share (an ' +
      'interpreter may have one), for a single worker, or for one thread that does a bit of each.',
    {
      asked: `two puzzles at once (WORKERS=${WORKERS})`,
      expected: 'two threads or processes that want to compute all the time',
      got,
      replay: undefined,
    },
  )
}
