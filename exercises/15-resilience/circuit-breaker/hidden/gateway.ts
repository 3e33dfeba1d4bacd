import { expect } from 'vitest'
import { type Answer, type App, sleep, type StartOptions, type Upstream } from 'learn-backend/kit'

type Start = (options?: StartOptions) => Promise<App>

/** A duration that no test reaches, however slow the machine. */
export const FOREVER = 60_000

/** The solution before this upstream. Every limit that a test does not name is out of reach. */
export function gateway(
  start: Start,
  upstream: { url: string },
  settings: { timeoutMs?: number; threshold?: number; openMs?: number } = {},
): Promise<App> {
  return start({
    env: {
      UPSTREAM_URL: upstream.url,
      TIMEOUT_MS: String(settings.timeoutMs ?? FOREVER),
      FAILURE_THRESHOLD: String(settings.threshold ?? 1000),
      OPEN_MS: String(settings.openMs ?? FOREVER),
    },
  })
}

/** Asks until the condition holds; the last answer when it never does. A solution may note an outcome after it has answered. */
export async function poll(
  ask: () => Promise<Answer>,
  until: (answer: Answer) => boolean,
  { every = 15, deadline = 1500 }: { every?: number; deadline?: number } = {},
): Promise<Answer> {
  const end = performance.now() + deadline
  for (;;) {
    const answer = await ask()
    if (until(answer) || performance.now() > end) return answer
    await sleep(every)
  }
}

export async function expectStatus(
  app: App,
  expected: { state?: 'closed' | 'open' | 'half-open'; failures?: number },
  why: string,
  deadline = 1500,
): Promise<void> {
  const matches = ({ status, json }: Answer) =>
    status === 200 &&
    (expected.state === undefined || json?.state === expected.state) &&
    (expected.failures === undefined || json?.failures === expected.failures)
  const answer = await poll(() => app.get('/status'), matches, { deadline })
  expect(answer, why).toHaveStatus(200)
  expect(answer, why).toContainJson(expected)
}

/** Waits until the upstream has been asked so often since `before`. A request more than that is seen as well. */
export async function reachesUpstream(upstream: Upstream, requests: number, why: string, before = 0): Promise<void> {
  await waitFor(() => upstream.count - before >= requests)
  expect(upstream.count - before, `${why} (requests at the upstream)`).toBe(requests)
}

/** Ends when the condition holds, or at the deadline: what came out of it is for the test to look at. */
export async function waitFor(condition: () => boolean, deadline = 3000): Promise<void> {
  const end = performance.now() + deadline
  while (!condition() && performance.now() < end) await sleep(5)
}

/** Lets requests fail one after the other until the breaker has to be open. */
export async function openBreaker(app: App, upstream: Upstream, threshold: number): Promise<void> {
  upstream.respond({ status: 503, json: { error: 'out of order' } })
  for (let i = 0; i < threshold; i++) await app.get('/failing')
  await expectStatus(
    app,
    { state: 'open' },
    `FAILURE_THRESHOLD is ${threshold}, and so many requests in a row ended with 503`,
  )
}

/** Opens the breaker of a gateway with a short OPEN_MS and waits until it is half-open. */
export async function halfOpenBreaker(app: App, upstream: Upstream, threshold: number): Promise<void> {
  upstream.respond({ status: 503, json: { error: 'out of order' } })
  for (let i = 0; i < threshold; i++) await app.get('/failing')
  await becomesHalfOpen(app)
}

/** Waits until failures have taken effect. With a short OPEN_MS the breaker may be half-open by the time one looks. */
export async function leavesClosed(app: App): Promise<void> {
  const answer = await poll(
    () => app.get('/status'),
    ({ json }) => json?.state !== 'closed',
  )
  expect(answer, 'FAILURE_THRESHOLD is reached').not.toHaveJson(expect.objectContaining({ state: 'closed' }))
}

export function becomesHalfOpen(app: App): Promise<void> {
  return expectStatus(
    app,
    { state: 'half-open' },
    'OPEN_MS have passed since the breaker opened, and no request has come since',
    4000,
  )
}

/** A promise to be waited for by the upstream, and settled by the test. */
export function gate<T = void>(): { opened: Promise<T>; open(value: T): void } {
  let open!: (value: T) => void
  const opened = new Promise<T>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** A request that is left running. When the test ends early, nobody misses its rejection. */
export function inBackground(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => {})
  return answer
}

/** The gateway's own 503, as described under "Closed and open". */
export function expectTurnedAway(answer: Answer, why: string, seconds: { min: number; max: number }): void {
  expect(answer, why).toAnswer(503, expect.objectContaining({ error: expect.any(String) }))
  expect(answer, 'Retry-After is in whole seconds').toHaveHeader('retry-after', /^[1-9]\d*$/)
  const after = Number(answer.headers['retry-after'])
  expect(after, 'Retry-After is the time that is left until the breaker is half-open, in seconds').toBeLessThanOrEqual(
    seconds.max,
  )
  expect(
    after,
    'Retry-After is the time that is left until the breaker is half-open, in seconds',
  ).toBeGreaterThanOrEqual(seconds.min)
}
