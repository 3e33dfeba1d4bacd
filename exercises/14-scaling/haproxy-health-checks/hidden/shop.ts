import { expect } from 'vitest'
import { type Answer, type Fixtures, note, type Reply, type SeenRequest, sleep, type Upstream } from 'learn-backend/kit'

type Respond = Reply | ((request: SeenRequest) => Reply | Promise<Reply>)

/** A backend that has an opinion about its own health, and pages. */
export interface Backend {
  /** As it is named in the statistics. */
  name: 'one' | 'two' | 'three'
  /** What `GET /healthz` gets. */
  health: Respond
  /** What everything else gets. */
  pages: Respond
  /** Requests for pages, in the order of arrival. */
  readonly seen: SeenRequest[]
  /** Health checks so far. */
  readonly checks: SeenRequest[]
  /** Requests for pages that are being answered now, and the most there were at once. */
  readonly open: number
  readonly mostOpen: number
  upstream: Upstream
}

export interface Shop {
  lb: Awaited<ReturnType<Fixtures['haproxy']['start']>>
  backends: [Backend, Backend, Backend]
}

interface Settings {
  interval?: string
  checkTimeout?: string
  timeout?: string
  clientTimeout?: string
  queueTimeout?: string
  maxRequests?: number
  password?: string
}

export const healthy: Reply = { json: { status: 'ok' } }
export const sick: Reply = { status: 500, json: { status: 'no database' } }
export const leaving: Reply = { status: 404, json: { status: 'leaving' } }

/** What starts the solution before three healthy backends. A limit that a test does not name is out of reach. */
export function openShop({ haproxy, newUpstream }: Pick<Fixtures, 'haproxy' | 'newUpstream'>) {
  return async (settings: Settings = {}): Promise<Shop> => {
    const backends: Shop['backends'] = [
      backend('one', await newUpstream()),
      backend('two', await newUpstream()),
      backend('three', await newUpstream()),
    ]
    const [BACKEND_1, BACKEND_2, BACKEND_3] = backends.map(({ upstream }) => haproxy.reach(upstream.port)) as [
      string,
      string,
      string,
    ]
    const lb = await haproxy.start({
      env: {
        BACKEND_1,
        BACKEND_2,
        BACKEND_3,
        CHECK_INTERVAL: settings.interval ?? '50ms',
        CHECK_TIMEOUT: settings.checkTimeout ?? '10s',
        TIMEOUT: settings.timeout ?? '30s',
        CLIENT_TIMEOUT: settings.clientTimeout ?? '30s',
        QUEUE_TIMEOUT: settings.queueTimeout ?? '30s',
        MAX_REQUESTS: String(settings.maxRequests ?? 100),
        STATS_PASSWORD: settings.password ?? 'not-asked-for',
      },
      ports: ['STATS_PORT'],
    })
    return { lb, backends }
  }
}

function backend(name: Backend['name'], upstream: Upstream): Backend {
  let open = 0
  let mostOpen = 0
  const isCheck = ({ path }: SeenRequest) => path === '/healthz'
  const it: Backend = {
    name,
    upstream,
    health: healthy,
    pages: { json: { backend: name } },
    get seen() {
      return upstream.requests.filter((request) => !isCheck(request))
    },
    get checks() {
      return upstream.requests.filter(isCheck)
    },
    get open() {
      return open
    },
    get mostOpen() {
      return mostOpen
    },
  }
  const decide = (respond: Respond, request: SeenRequest) =>
    typeof respond === 'function' ? respond(request) : respond
  upstream.respond(async (request) => {
    if (isCheck(request)) return decide(it.health, request)
    mostOpen = Math.max(mostOpen, ++open)
    try {
      return await decide(it.pages, request)
    } finally {
      open--
    }
  })
  return it
}

/** The body of the balancer's own errors. */
export const error = expect.objectContaining({ error: expect.any(String) })

/** Which backend wrote this answer; undefined when none did. */
export function writer(answer: Answer): string | undefined {
  try {
    return (JSON.parse(answer.text) as { backend?: string }).backend
  } catch {
    return undefined
  }
}

export function counts(backends: readonly Backend[]): number[] {
  return backends.map(({ seen }) => seen.length)
}

export function total(backends: readonly Backend[]): number {
  return counts(backends).reduce((sum, count) => sum + count, 0)
}

/** Puts into the evidence what each backend has seen, for an assertion about that which comes next and will fail. */
export function tell(backends: readonly Backend[], fails = true): void {
  if (!fails) return
  for (const { name, seen, checks } of backends) {
    const lines = seen.slice(-4).map(({ method, path }) => `${method} ${path}`)
    const list = lines.length === 0 ? '' : `, the last: ${lines.join(', ')}`
    note(`backend ${name} has seen ${checks.length} checks of /healthz and ${seen.length} other requests${list}`)
  }
}

/** Waits until the condition holds, at most `deadline` ms. Whether it does is for the test to look at. */
export async function waitFor(condition: () => boolean, deadline = 4000): Promise<void> {
  const end = performance.now() + deadline
  while (!condition() && performance.now() < end) await sleep(5)
}

/** Waits until the backend has been asked for its health so many times more. */
export async function makesChecks(backend: Backend, n: number): Promise<void> {
  const before = backend.checks.length
  await waitFor(() => backend.checks.length >= before + n)
  const seen = backend.checks.length - before
  expect(
    seen,
    `checks of /healthz at backend ${backend.name} in 4 seconds, of ${n} for which the test waits`,
  ).toBeGreaterThanOrEqual(n)
}

/** So many requests in a row, each of a new visitor. The backends that answered. */
export async function visitors({ lb }: Pick<Shop, 'lb'>, n: number, path = '/books'): Promise<(string | undefined)[]> {
  const writers: (string | undefined)[] = []
  for (let i = 0; i < n; i++) {
    const answer = await lb.get(`${path}/${i}`)
    expect(answer).toHaveStatus(200)
    writers.push(writer(answer))
  }
  return writers
}

/**
 * Lets visitors come until nine in a row have not been with this backend; fails after `deadline` ms.
 * They begin when some more checks have been made, so that hardly any is under way while it goes out.
 */
export async function becomesAvoided(shop: Shop, avoided: Backend, why: string, deadline = 4000): Promise<void> {
  const before = avoided.checks.length
  await waitFor(() => avoided.checks.length >= before + 4, 1000)
  const end = performance.now() + deadline
  for (;;) {
    const with_ = (await visitors(shop, 9, '/until-avoided')).filter((name) => name === avoided.name).length
    if (with_ === 0) return
    if (performance.now() > end) {
      tell(shop.backends)
      expect(with_, `${why} (requests of 9 that went to backend ${avoided.name})`).toBe(0)
    }
    await sleep(25)
  }
}

/** Whether one of forty visitors in a row comes to this backend. */
export async function isUsed({ lb }: Pick<Shop, 'lb'>, used: Backend): Promise<boolean> {
  for (let i = 0; i < 40; i++) {
    const answer = await lb.get(`/is-used/${i}`)
    expect(answer).toHaveStatus(200)
    if (writer(answer) === used.name) return true
  }
  return false
}

/** Lets visitors come until one of them was with this backend; fails after `deadline` ms. */
export async function becomesUsed(shop: Shop, used: Backend, why: string, deadline = 4000): Promise<void> {
  const end = performance.now() + deadline
  while (!(await isUsed(shop, used))) {
    const late = performance.now() > end
    tell(shop.backends, late)
    expect(late, `${why}, but of the last 40 visitors none came to backend ${used.name}`).toBe(false)
    await sleep(25)
  }
}

/** A gate before answers: they wait until it is opened. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** A request that is left running. When the test ends early, nobody misses its rejection. */
export function inBackground(answer: Promise<Answer>): Promise<Answer> {
  answer.catch(() => {})
  return answer
}
