import { expect } from 'vitest'
import { type Answer, type App, note, sleep, together, withApp } from 'learn-backend/kit'

export const WORKERS = 2
export const QUEUE_LIMIT = 3

/** One process for all tests of a file, with few workers and a short queue: so that little work fills both. */
export const test = withApp(({ upstream }) => ({
  env: { UPSTREAM_URL: upstream.url, WORKERS: String(WORKERS), QUEUE_LIMIT: String(QUEUE_LIMIT) },
}))

export const anError = expect.objectContaining({ error: expect.any(String) })

export interface Client {
  answer: Promise<Answer>
  /** Undefined until the answer has come. */
  outcome: Answer | undefined
  hangUp(): void
}

/**
 * Clients whose requests are left running. At the end of the test all that still wait hang up. A program that does not get
 * over that is replaced: whether it must is for the steps about hang-ups to say.
 */
export function clientsOf(app: App) {
  const all: Client[] = []
  return {
    ask(path: string): Client {
      const leave = new AbortController()
      const answer = app.get(path, { deadline: 60_000, signal: leave.signal })
      const client: Client = { answer, outcome: undefined, hangUp: () => leave.abort() }
      answer.then(
        (outcome) => (client.outcome = outcome),
        () => {},
      )
      all.push(client)
      return client
    },
    askAll(count: number, path: string): Client[] {
      return Array.from({ length: count }, () => this.ask(path))
    },
    async [Symbol.asyncDispose]() {
      const unanswered = all.filter(({ outcome }) => outcome === undefined)
      for (const client of unanswered) client.hangUp()
      if (unanswered.length > 0 && !((await comesToRest(app)) && (await isFit(app)))) await app.kill()
    },
  }
}

async function comesToRest(app: App): Promise<boolean> {
  const end = performance.now() + 500
  while (performance.now() < end) {
    const answer = await app.get('/stats', { deadline: 500 }).catch(() => undefined)
    if (answer?.status !== 200) return false
    if (/"running":\s*0\b/.test(answer.text) && /"waiting":\s*0\b/.test(answer.text)) return true
    await sleep(20)
  }
  return false
}

async function isFit(app: App): Promise<boolean> {
  const answers = together(WORKERS, () => app.get('/solve?base=7&modulus=101&squarings=3', { deadline: 1000 }))
  return answers.then(
    (all) => all.every(({ status, text }) => status === 200 && text.includes('"24"')),
    () => false,
  )
}

/**
 * Waits until /stats says so.
 * @param why what has happened, and so must be seen
 */
export async function expectStats(
  app: App,
  expected: { running?: number; waiting?: number },
  why: string,
  deadline = 6000,
): Promise<void> {
  const end = performance.now() + deadline
  note(why)
  for (;;) {
    const answer = await app.get('/stats', { deadline: Math.max(deadline, 2000) })
    const enough = answer.status === 200 && Object.entries(expected).every(([name, n]) => answer.json?.[name] === n)
    if (!enough && performance.now() < end) {
      await sleep(20)
      continue
    }
    expect(answer, why).toHaveStatus(200)
    expect(answer, why).toContainJson(expected)
    return
  }
}

/**
 * Endless puzzles for all workers and, on top of that, for the whole queue. In two goes, because some executors take a
 * moment until an idle worker has fetched its puzzle.
 */
export async function fill(app: App, clients: ReturnType<typeof clientsOf>, path: string) {
  const settings = `WORKERS=${WORKERS}, QUEUE_LIMIT=${QUEUE_LIMIT}`
  const solved = clients.askAll(WORKERS, path)
  await expectStats(app, { running: WORKERS, waiting: 0 }, `${WORKERS} endless puzzles were asked for (${settings}).`)
  const waiting = clients.askAll(QUEUE_LIMIT, path)
  const full = { running: WORKERS, waiting: QUEUE_LIMIT }
  await expectStats(app, full, `Then ${QUEUE_LIMIT} more were asked for (${settings}).`)
  return { solved, waiting }
}

/** Ends when the condition holds, or at the deadline: what came out of it is for the test to look at. */
export async function waitFor(condition: () => boolean, deadline = 4000): Promise<void> {
  const end = performance.now() + deadline
  while (!condition() && performance.now() < end) await sleep(10)
}

/** The service's own 503, as described under "A bounded queue". */
export function expectTurnedAway(answer: Answer, why: string): void {
  expect(answer, why).toAnswer(503, anError)
  expect(answer, 'Retry-After is a whole number of seconds, at least 1').toHaveHeader('retry-after', /^[1-9]\d*$/)
}
