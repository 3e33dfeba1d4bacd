import { expect } from 'vitest'
import { type App, note, sleep, SolutionFailure, step, together } from 'learn-backend/kit'
import { ENDLESS, makePuzzle } from './puzzle.ts'
import { clientsOf, expectStats, expectTurnedAway, fill, QUEUE_LIMIT, test, waitFor, WORKERS } from './service.ts'

const room = WORKERS + QUEUE_LIMIT
const settings = `WORKERS=${WORKERS}, QUEUE_LIMIT=${QUEUE_LIMIT}`

step('limit', () => {
  test('a puzzle that finds the queue full is turned away at once', async ({ app, random }) => {
    const path = makePuzzle(random).path(ENDLESS)
    await using clients = clientsOf(app)
    await fill(app, clients, path)
    for (let i = 0; i < 3; i++) {
      const answer = await app.get(path, { deadline: 3000 }).catch((error: unknown) => {
        throw keptWaiting(error, path)
      })
      expectTurnedAway(answer, `${room} puzzles are there already (${settings})`)
    }
    await expectStats(app, { running: WORKERS, waiting: QUEUE_LIMIT }, 'Who was turned away does not count.')
  })

  test('of a crowd as many are accepted as there is room for', async ({ start, upstream, random }) => {
    // A new process: see `fill` for those that have idle workers.
    const app = await start({
      env: { UPSTREAM_URL: upstream.url, WORKERS: `${WORKERS}`, QUEUE_LIMIT: `${QUEUE_LIMIT}` },
    })
    await using clients = clientsOf(app)
    const crowd = clients.askAll(30, makePuzzle(random).path(ENDLESS))
    const answered = () => crowd.flatMap(({ outcome }) => outcome ?? [])
    await waitFor(() => answered().length >= 30 - room, 6000)
    await sleep(50)
    for (const answer of answered()) expectTurnedAway(answer, 'a puzzle of minutes can only be turned away so early')
    const why = `30 puzzles that take minutes were asked for at the same moment (${settings}): so many are turned away`
    expect(answered().length, why).toBe(30 - room)
    await expectStats(app, { running: WORKERS, waiting: QUEUE_LIMIT }, '30 puzzles were asked for at the same moment.')
  })

  test('what was accepted is solved, and then there is room again', async ({ app, random }) => {
    const squarings = random.int(3000, 5000)
    for (let round = 0; round < 3; round++) {
      const puzzles = Array.from({ length: 12 }, () => makePuzzle(random))
      const answers = await together(12, (i) => app.get(puzzles[i]!.path(squarings)))
      for (const [i, answer] of answers.entries()) {
        if (answer.status !== 503)
          expect(answer, 'twelve puzzles at once').toAnswer(200, { result: puzzles[i]!.result(squarings) })
      }
      await expectStats(app, { running: 0, waiting: 0 }, 'Twelve puzzles were asked for at once, and all are answered.')
      const puzzle = makePuzzle(random)
      const why = 'nothing is running and nothing waits, so there is room'
      expect(await app.get(puzzle.path(1000)), why).toAnswer(200, { result: puzzle.result(1000) })
    }
  })

  test('hundreds of puzzles at once do not fill the memory', async ({ app, random }) => {
    const path = makePuzzle(random).path(ENDLESS)
    await using clients = clientsOf(app)
    await fill(app, clients, path)
    const before = await settledMemory(app)
    if (before === undefined) return
    let most = before
    for (let wave = 0; wave < 3 && most - before < tooMuch; wave++) {
      const flood = clients.askAll(100, path)
      const done = () => flood.every(({ outcome }) => outcome !== undefined) || most - before >= tooMuch
      const end = performance.now() + 3000
      while (!done() && performance.now() < end) {
        most = Math.max(most, app.memory() ?? 0)
        await sleep(20)
      }
      most = Math.max(most, app.memory() ?? 0)
      for (const client of flood) client.hangUp()
    }
    note('The full queue before, and then three times 100 more puzzles at once.')
    if (most - before < tooMuch) return
    throw new SolutionFailure(
      'wrong_answer',
      'Each puzzle costs memory, even one that is turned away: take a place first, and only then start, hire or keep anything for it.',
      {
        asked: 'GET /solve, 100 times at once, while all workers are busy and the queue is full',
        expected: `less than ${megabytes(tooMuch)} more than the ${megabytes(before)} from before`,
        got: `${megabytes(most - before)} more`,
        replay: undefined,
      },
    )
  })
})

function keptWaiting(error: unknown, path: string): unknown {
  if (!(error instanceof SolutionFailure && error.code === 'timeout')) return error
  return new SolutionFailure('wrong_answer', 'A puzzle that finds the queue full is kept waiting.', {
    asked: `GET ${path}, when ${room} puzzles are there already (${settings})`,
    expected: '503 at once',
    got: 'nothing within 3 seconds',
    replay: undefined,
  })
}

const tooMuch = 200 * 2 ** 20

/** Collectors of garbage take what they find comfortable while they get to know the work: this waits until they have it. */
async function settledMemory(app: App): Promise<number | undefined> {
  let most = app.memory()
  const end = performance.now() + 3000
  for (let grown = true; most !== undefined && grown && performance.now() < end;) {
    grown = false
    for (let look = 0; look < 5; look++) {
      await sleep(60)
      const now = app.memory() ?? 0
      if (now > most * 1.03) grown = true
      most = Math.max(most, now)
    }
  }
  return most
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`
}
