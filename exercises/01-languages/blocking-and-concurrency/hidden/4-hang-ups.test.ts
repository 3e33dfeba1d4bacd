import { expect } from 'vitest'
import { type App, note, sleep, SolutionFailure, step, together } from 'learn-backend/kit'
import { busyThreads } from './demand.ts'
import { ENDLESS, makePuzzle, type Puzzle } from './puzzle.ts'
import { clientsOf, expectStats, fill, QUEUE_LIMIT, test, WORKERS } from './service.ts'

const patience = 5000

step('cancel', () => {
  test('a puzzle whose client hangs up is not solved any more', async ({ app, random }) => {
    const path = makePuzzle(random).path(ENDLESS)
    await using clients = clientsOf(app)
    const [first, second] = clients.askAll(2, path)
    await expectStats(app, { running: 2, waiting: 0 }, 'Two clients asked for puzzles that take minutes.')
    first?.hangUp()
    const left = 'Then one of the two clients hung up.'
    await expectStats(app, { running: 1, waiting: 0 }, left, patience)
    await sleep(400)
    await expectStats(app, { running: 1, waiting: 0 }, `${left} The other still waits for its puzzle.`)
    second?.hangUp()
    await expectStats(app, { running: 0, waiting: 0 }, 'Then both clients had hung up.', patience)
  })

  test('a puzzle whose client has hung up takes no more processor time', async ({ app, random }) => {
    await using clients = clientsOf(app)
    const all = clients.askAll(WORKERS, makePuzzle(random).path(ENDLESS))
    await expectStats(app, { running: WORKERS }, 'Two clients asked for puzzles that take minutes.')
    for (const client of all) client.hangUp()
    await expectStats(app, { running: 0, waiting: 0 }, 'Then both clients hung up.', patience)
    await expectRest(app)
  })

  test('its worker is free, and the others go on', async ({ app, random }) => {
    await using clients = clientsOf(app)
    const [leaver, stayer] = clients.askAll(2, makePuzzle(random).path(ENDLESS))
    await expectStats(app, { running: 2, waiting: 0 }, 'Two clients asked for puzzles that take minutes.')
    leaver?.hangUp()
    await expectStats(app, { running: 1, waiting: 0 }, 'Then one of the two clients hung up.', patience)
    for (let i = 0; i < 3; i++) await expectSolves(app, makePuzzle(random), 'one of two workers is free')
    await expectStats(app, { running: 1, waiting: 0 }, 'The other client still waits for its puzzle.')
    expect(stayer?.outcome, 'the other client still waits, its puzzle takes minutes').toBe(undefined)
  })

  test('clients that hang up again and again leave nothing behind', async ({ app, random }) => {
    await using clients = clientsOf(app)
    for (let round = 1; round <= 6; round++) {
      const all = clients.askAll(WORKERS, makePuzzle(random).path(ENDLESS))
      await sleep(random.int(0, 60))
      for (const client of all) client.hangUp()
      await expectStats(app, { running: 0, waiting: 0 }, `Two clients hung up, for the ${nth(round)} time.`, patience)
    }
    await expectRest(app)
    const puzzles = Array.from({ length: QUEUE_LIMIT }, () => makePuzzle(random))
    const answers = await together(puzzles.length, (i) => app.get(puzzles[i]!.path(2000)))
    for (const [i, answer] of answers.entries()) {
      expect(answer, 'after many clients have hung up, all places are free').toAnswer(200, {
        result: puzzles[i]!.result(2000),
      })
    }
  })
})

step('leave-queue', () => {
  test('a client that hangs up while it waits gives its place to another', async ({ app, random }) => {
    const path = makePuzzle(random).path(ENDLESS)
    await using clients = clientsOf(app)
    const { waiting } = await fill(app, clients, path)
    random.pick(waiting).hangUp()
    const why = 'One of those who waited hung up.'
    await expectStats(app, { running: WORKERS, waiting: QUEUE_LIMIT - 1 }, why, patience)
    clients.ask(path)
    await expectStats(app, { running: WORKERS, waiting: QUEUE_LIMIT }, `${why} Another client took its place.`)
  })

  test('a puzzle that nobody waits for is never begun', async ({ app, random }) => {
    const path = makePuzzle(random).path(ENDLESS)
    const short = makePuzzle(random)
    await using clients = clientsOf(app)
    const [first] = clients.askAll(WORKERS, path)
    await expectStats(app, { running: WORKERS, waiting: 0 }, 'All workers are busy, for minutes.')
    const leaver = clients.ask(path)
    await expectStats(app, { running: WORKERS, waiting: 1 }, 'One client waits, for a puzzle that takes minutes.')
    const stayer = clients.ask(short.path(1000))
    await expectStats(app, { running: WORKERS, waiting: 2 }, 'Another waits, for a short one.')
    leaver.hangUp()
    await expectStats(app, { running: WORKERS, waiting: 1 }, 'The first of the two who waited hung up.', patience)
    first?.hangUp()
    note('Then a worker became free: the short puzzle is the next, and the only one that anybody waits for.')
    const late = sleep(patience).then(() => undefined)
    const answer = await Promise.race([stayer.answer, late])
    if (answer === undefined) {
      throw new SolutionFailure('wrong_answer', 'The worker that became free does not solve the puzzle that waits.', {
        asked: `GET ${short.path(1000)}`,
        expected: 'its turn comes as soon as a worker is free',
        got: `nothing within ${patience} ms after a worker's client hung up`,
        replay: undefined,
      })
    }
    expect(answer).toAnswer(200, { result: short.result(1000) })
  })

  test('all may hang up at the same moment', async ({ app, random }) => {
    for (let round = 0; round < 3; round++) {
      await using clients = clientsOf(app)
      const { solved, waiting } = await fill(app, clients, makePuzzle(random).path(ENDLESS))
      for (const client of random.shuffle([...solved, ...waiting])) client.hangUp()
      await expectStats(app, { running: 0, waiting: 0 }, 'All clients hung up at the same moment.', patience)
      await expectSolves(app, makePuzzle(random), 'nobody else is there')
    }
    await expectRest(app)
  })
})

async function expectSolves(app: App, puzzle: Puzzle, why: string): Promise<void> {
  expect(await app.get(puzzle.path(2000)), why).toAnswer(200, { result: puzzle.result(2000) })
}

/** Waits until the program does not compute any more. Where the system does not tell, there is nothing to see. */
async function expectRest(app: App): Promise<void> {
  const end = performance.now() + patience
  let busy = await busyThreads(app, 500)
  while (busy !== undefined && busy > 0 && performance.now() < end) busy = await busyThreads(app, 500)
  if (busy === undefined || busy === 0) return
  throw new SolutionFailure(
    'wrong_answer',
    'The program goes on computing for clients that have hung up: to forget a puzzle is not to stop it.',
    {
      asked: 'puzzles that take minutes; then their clients hung up',
      expected: 'a program that computes nothing any more',
      got: `${patience} ms later, threads or processes that compute all the time: ${busy}`,
      replay: undefined,
    },
  )
}

function nth(n: number): string {
  return ['first', 'second', 'third', 'fourth', 'fifth', 'sixth'][n - 1] ?? `${n}th`
}
