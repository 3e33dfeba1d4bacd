import { expect } from 'vitest'
import { type Answer, type Fixtures, note, sleep, type Upstream } from 'learn-backend/kit'

/** The solution in a real nginx, and the three backends behind it. */
export interface Balancer {
  lb: Awaited<ReturnType<Fixtures['nginx']['start']>>
  backends: [Upstream, Upstream, Upstream]
}

interface Settings {
  /** Default: longer than any test. */
  timeout?: string
  rest?: string
  /** Something between nginx and a backend: the port to use instead of the backend's own. */
  before?: (backend: Upstream) => Promise<number>
}

export type Balance = (settings?: Settings) => Promise<Balancer>

/** What starts the solution before three backends that answer `{"backend":1}` and so on. */
export function balanceWith({ nginx, newUpstream }: Pick<Fixtures, 'nginx' | 'newUpstream'>): Balance {
  return async ({ timeout = '20s', rest = '60s', before } = {}) => {
    const backends: Balancer['backends'] = [await newUpstream(), await newUpstream(), await newUpstream()]
    const addresses: string[] = []
    for (const [i, backend] of backends.entries()) {
      backend.respond({ json: { backend: i + 1 } })
      addresses.push(nginx.reach(before ? await before(backend) : backend.port))
    }
    const [BACKEND_1 = '', BACKEND_2 = '', BACKEND_3 = ''] = addresses
    const lb = await nginx.start({ env: { BACKEND_1, BACKEND_2, BACKEND_3, TIMEOUT: timeout, REST: rest } })
    return { lb, backends }
  }
}

/** The body of the balancer's own errors. */
export const error = expect.objectContaining({ error: expect.any(String) })

/** Lets all backends answer the same. */
export function all(backends: readonly Upstream[], reply: Parameters<Upstream['respond']>[0]): void {
  for (const backend of backends) backend.respond(reply)
}

export function counts(backends: readonly Upstream[]): number[] {
  return backends.map((backend) => backend.count)
}

export function total(backends: readonly Upstream[]): number {
  return counts(backends).reduce((sum, count) => sum + count, 0)
}

/** Which backend wrote this answer, from 1; undefined when none did. */
export function writer(answer: Answer): number | undefined {
  try {
    return (JSON.parse(answer.text) as { backend?: number }).backend
  } catch {
    return undefined
  }
}

/** Puts into the evidence what each backend has seen, for an assertion about that which comes next and will fail. */
export function tell(backends: readonly Upstream[], fails = true): void {
  if (!fails) return
  for (const [i, { requests }] of backends.entries()) {
    const lines = requests.slice(0, 4).map(({ method, path, headers }) => {
      const cookie = headers['cookie'] === undefined ? '' : ` (cookie: ${headers['cookie']})`
      return `${method} ${path}${cookie}`
    })
    if (requests.length > 4) lines.push('...')
    const list = lines.length === 0 ? '' : `: ${lines.join(', ')}`
    note(`BACKEND_${i + 1} has seen ${requests.length} request${requests.length === 1 ? '' : 's'}${list}`)
  }
}

/** The one request that reached a backend. */
export function onlyRequest(backends: readonly Upstream[]) {
  const requests = backends.flatMap((backend) => backend.requests)
  tell(backends, requests.length !== 1)
  const why =
    requests.length === 0 ? 'no backend saw it (did the answer come out of a cache?)' : 'it was sent more than once'
  expect(requests.length, `one request came in, so one backend sees one request; ${why}`).toBe(1)
  return requests[0]!
}

/** Asks until a condition holds, at most `deadline` ms. Whether it does is for the test to look at. */
export async function askUntil(
  ask: () => Promise<Answer>,
  until: (answer: Answer) => boolean,
  { every = 50, deadline = 5000 }: { every?: number; deadline?: number } = {},
): Promise<Answer> {
  const end = performance.now() + deadline
  for (;;) {
    const answer = await ask()
    if (until(answer) || performance.now() > end) return answer
    await sleep(every)
  }
}

/**
 * Asks for new pages until one of them was sent to this backend, whatever became of it there.
 * All answers, which the test has to look at.
 */
export async function askUntilSeenBy(backend: Upstream, { lb, backends }: Balancer, path: string): Promise<Answer[]> {
  const answers: Answer[] = []
  const before = backend.count
  while (backend.count === before && answers.length < 90) answers.push(await lb.get(`${path}/${answers.length}`))
  tell(backends, backend.count === before)
  expect(
    backend.count - before,
    'of 90 requests without a session none was sent to this backend: each of the three has to get its share',
  ).toBeGreaterThan(0)
  return answers
}
