import { expect } from 'vitest'
import { type Answer, note, sleep, step, test } from 'learn-backend/kit'
import {
  becomesAvoided,
  becomesUsed,
  gate,
  healthy,
  inBackground,
  leaving,
  makesChecks,
  openShop,
  type Shop,
  sick,
  visitors,
  waitFor,
  writer,
} from './shop.ts'

/** Someone who keeps the cookies that come with answers, like a browser. */
interface Visitor {
  visit(path?: string): Promise<Answer>
  /** Which backend answered last. */
  home: string | undefined
  cookies: Map<string, string>
}

function newVisitor(lb: Shop['lb'], own: Record<string, string> = {}): Visitor {
  const cookies = new Map(Object.entries(own))
  const visitor: Visitor = {
    home: undefined,
    cookies,
    async visit(path = '/cart') {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await lb.get(path, cookie === '' ? {} : { headers: { cookie } })
      for (const [name, value] of answer.rawHeaders) {
        if (name.toLowerCase() !== 'set-cookie') continue
        const [pair = ''] = value.split(';')
        cookies.set(pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1).trim())
      }
      visitor.home = writer(answer)
      return answer
    },
  }
  return visitor
}

/** At least so many, and at least one at each backend. */
async function someVisitors(lb: Shop['lb'], n: number): Promise<Visitor[]> {
  const all: Visitor[] = []
  const homes = new Set<string | undefined>()
  while (all.length < n || (homes.size < 3 && all.length < 60)) {
    const visitor = newVisitor(lb)
    expect(await visitor.visit()).toHaveStatus(200)
    homes.add(visitor.home)
    all.push(visitor)
  }
  expect(homes.size, `backends to which ${all.length} new visitors came`).toBe(3)
  return all
}

async function expectAtHome(visitor: Visitor, why: string): Promise<void> {
  const before = visitor.home
  expect(await visitor.visit()).toHaveStatus(200)
  const cookies = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  expect(`backend ${visitor.home}`, `a visitor with the cookie ${cookies || '(none)'} ${why}`).toBe(`backend ${before}`)
}

/** Waits until the old process, which makes a check every 30 ms, has ended after a reload. */
async function checksCease(backends: Shop['backends']): Promise<void> {
  const end = performance.now() + 6000
  let [seen, quiet] = [-1, 0]
  while (quiet < 20 && performance.now() < end) {
    const now = backends.reduce((sum, { checks }) => sum + checks.length, 0)
    quiet = now === seen ? quiet + 1 : 0
    seen = now
    await sleep(20)
  }
}

step('sessions', () => {
  test('a visitor stays with one backend', async ({ haproxy, newUpstream, random }) => {
    const { lb } = await openShop({ haproxy, newUpstream })()
    const all = await someVisitors(lb, 9)
    for (let round = 0; round < 3; round++) {
      for (const visitor of random.shuffle(all)) {
        await expectAtHome(visitor, `was with backend ${visitor.home} before, and all backends are well`)
      }
    }
  })

  test('the cookie tells nothing and is for nobody else', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })()
    for (const backend of backends) backend.pages = { json: {}, headers: { 'cache-control': 'max-age=60' } }
    const own = { theme: random.word(), lang: 'de' }
    const visitor = newVisitor(lb, own)
    const first = await visitor.visit()
    expect(first, 'the first answer sets the cookie of the balancer').toHaveHeader('set-cookie')
    expect(first, 'scripts need not read it').toHaveHeader('set-cookie', /;\s*httponly/i)
    expect(
      first,
      'the backend said max-age=60. But a cache between here and there must not give this cookie to the next visitor',
    ).toHaveHeader('cache-control', /\bprivate\b/)
    for (const { upstream } of backends) {
      expect(first.headers['set-cookie'], 'no address of a backend is in the cookie').not.toContain(
        String(upstream.port),
      )
    }
    const second = await visitor.visit()
    expect(second, 'a visitor who has the cookie need not be given it again').not.toHaveHeader('set-cookie')
    const seen = backends.flatMap((backend) => backend.seen)
    for (const { headers } of seen) {
      const reached = (headers['cookie'] ?? '').split(/;\s*/).filter(Boolean).toSorted()
      expect(
        reached,
        'the cookies that reached the backend: those of the shop, and not the one that is for the balancer',
      ).toEqual([`lang=de`, `theme=${own.theme}`])
    }
  })

  test('visitors keep their backend when HAProxy is reloaded', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ interval: '30ms' })
    const all = await someVisitors(lb, 9)
    await lb.reload({ env: { CHECK_INTERVAL: '1m' } })
    await checksCease(backends)
    // In another order than before: those who are assigned anew, in turns, must not come home by chance.
    for (const visitor of random.shuffle([...all.slice(1), all[0]!])) {
      const why = `was with backend ${visitor.home} before a reload: what HAProxy has only in its memory is gone with the old process`
      await expectAtHome(visitor, why)
    }
  })

  test('when a backend dies its visitors move, and stay there', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ interval: '1m' })
    const all = await someVisitors(lb, 9)
    const dead = random.pick(backends)
    // Its first check, which may come later.
    await waitFor(() => dead.checks.length > 0, 300)
    await dead.upstream.down()
    note(`backend ${dead.name} refuses connections, and the next check is a minute away`)
    const others = new Set(all.filter(({ home }) => home !== dead.name))
    for (const visitor of all) {
      const answer = await visitor.visit()
      expect(answer, 'two backends are well').toHaveStatus(200)
      expect(answer).toTakeAtMost(800)
    }
    for (let round = 0; round < 2; round++) {
      for (const visitor of all) {
        const why = others.has(visitor)
          ? `was with backend ${visitor.home}, which is well`
          : `had to move from backend ${dead.name} to ${visitor.home}, which is well: it needs a new cookie`
        await expectAtHome(visitor, why)
      }
    }
  })

  test('a made-up cookie is as good as none', async ({ haproxy, newUpstream, random }) => {
    const { lb } = await openShop({ haproxy, newUpstream })()
    const visitor = newVisitor(lb)
    await visitor.visit()
    const [name] = visitor.cookies.keys()
    expect(name, 'the first answer sets a cookie').toBeDefined()
    for (const value of [random.hex(16), '', '../../etc', '127.0.0.1:22']) {
      const forger = newVisitor(lb, { [name!]: value })
      expect(await forger.visit(), `Cookie: ${name}=${value}`).toHaveStatus(200)
      await expectAtHome(forger, `came with "${name}=${value}", got a good one, and was with backend ${forger.home}`)
    }
  })
})

step('drain', () => {
  test('a backend that is leaving gets no new visitors and keeps its old', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })({ interval: '30ms' })
    const all = await someVisitors(shop.lb, 9)
    const old = random.pick(shop.backends)
    old.health = leaving
    note(`/healthz of backend ${old.name} answers 404: it is leaving`)
    await becomesAvoided(shop, old, 'it is leaving, so new visitors go elsewhere')
    await sleep(200)
    for (let round = 0; round < 2; round++) {
      for (const visitor of all)
        await expectAtHome(visitor, `was with backend ${visitor.home} before, which still works`)
    }
    const writers = await visitors(shop, 9)
    expect(writers.filter((name) => name === old.name).length, 'new visitors that went to it').toBe(0)
  })

  test('in the end it is down, or back', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })({ interval: '30ms' })
    const all = await someVisitors(shop.lb, 9)
    const [gone, back] = random.sample(shop.backends, 2)
    for (const backend of [gone!, back!]) {
      backend.health = leaving
      await becomesAvoided(shop, backend, `/healthz answers 404`)
    }
    back!.health = healthy
    await becomesUsed(shop, back!, '/healthz answered 404, and answers 200 again')
    gone!.health = sick
    note(`/healthz of backend ${gone!.name} answered 404, and answers 500 now`)
    const visitor = all.find(({ home }) => home === gone!.name)!
    const end = performance.now() + 4000
    do expect(await visitor.visit()).toHaveStatus(200)
    while (visitor.home === gone!.name && performance.now() < end)
    expect(visitor.home, 'it is down now, so its last visitors move as well').not.toBe(gone!.name)
  })

  test('a request that is being worked on is finished', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })({ interval: '30ms' })
    const all = await someVisitors(shop.lb, 9)
    const old = random.pick(shop.backends)
    const work = gate()
    old.pages = async ({ path }) => {
      if (path === '/long') await work.opened
      return { json: { backend: old.name } }
    }
    const long = inBackground(all.find(({ home }) => home === old.name)!.visit('/long'))
    await waitFor(() => old.open > 0)
    old.health = leaving
    await makesChecks(old, 5)
    work.open()
    expect(await long, `backend ${old.name} was working on it when it began to leave`).toHaveStatus(200)
  })
})

step('numbers', () => {
  test('the statistics are for those who know the password', async ({ haproxy, newUpstream, random }) => {
    const password = random.hex(16)
    const { lb } = await openShop({ haproxy, newUpstream })({ password })
    const stats = lb.at(lb.ports['STATS_PORT']!)
    expect(await stats.get('/stats'), 'no password').toHaveStatus(401)
    for (const wrong of ['admin:', 'admin:admin', `root:${password}`, `admin:${password}x`]) {
      const answer = await stats.get('/stats', { headers: { authorization: basic(wrong) } })
      expect(answer, `${wrong} is not admin with STATS_PASSWORD`).toHaveStatus(401)
    }
    const answer = await stats.get('/stats', { headers: { authorization: basic(`admin:${password}`) } })
    expect(answer, 'admin with STATS_PASSWORD').toHaveStatus(200)
    expect(answer).toHaveHeader('content-type', /^text\/html/)
  })

  test('the statistics know who is up, leaving and down', async ({ haproxy, newUpstream, random }) => {
    const password = random.hex(16)
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ password, interval: '30ms' })
    const [up, old, down] = random.shuffle(backends)
    old!.health = leaving
    down!.health = sick
    const wanted = { [up!.name]: 'UP', [old!.name]: 'NOLB', [down!.name]: 'DOWN' }
    const stats = lb.at(lb.ports['STATS_PORT']!)
    const headers = { authorization: basic(`admin:${password}`) }
    const end = performance.now() + 4000
    let states: Record<string, string> = {}
    for (;;) {
      const answer = await stats.get('/stats;csv', { headers })
      expect(answer, 'the same as CSV').toHaveStatus(200)
      states = statesOf(answer.text)
      if (matches(states, wanted) || performance.now() > end) break
      await sleep(25)
    }
    note(`/healthz: backend ${up!.name} answers 200, ${old!.name} 404, ${down!.name} 500`)
    expect(states, 'the status of the servers one, two and three in /stats;csv').toMatchObject(wanted)

    const metrics = await stats.get('/metrics')
    expect(metrics, 'Prometheus has no password').toHaveStatus(200)
    for (const [name, state] of [
      [up!.name, 'UP'],
      [down!.name, 'DOWN'],
    ]) {
      const line = metrics.text
        .split('\n')
        .find(
          (it) =>
            it.startsWith('haproxy_server_status{') &&
            it.includes(`server="${name}"`) &&
            it.includes(`state="${state}"`),
        )
      expect(
        line ?? 'no such line',
        `haproxy_server_status of the server ${name} with state="${state}" in /metrics`,
      ).toMatch(/ 1$/)
    }
  })

  test('visitors of the shop see none of it', async ({ haproxy, newUpstream, random }) => {
    const password = random.hex(16)
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ password })
    for (const path of ['/stats', '/metrics', '/stats;csv', '/haproxy?stats']) {
      const answer = await lb.get(path, { headers: { authorization: basic(`admin:${password}`) } })
      expect(answer, 'on PORT this is a page like any other: it comes from a backend').toHaveStatus(200)
      expect(
        backends.map(({ name }) => name),
        `${path} on PORT was answered by`,
      ).toContain(writer(answer) ?? 'HAProxy itself')
    }
  })

  function basic(pair: string): string {
    return `Basic ${Buffer.from(pair).toString('base64')}`
  }

  function matches(states: Record<string, string>, wanted: Record<string, string>): boolean {
    return Object.entries(wanted).every(([name, state]) => states[name] === state)
  }

  /** Server name to the first word of its status. */
  function statesOf(csv: string): Record<string, string> {
    const [head = '', ...rows] = csv.replace(/^# /, '').split('\n')
    const columns = head.split(',')
    const [server, status] = [columns.indexOf('svname'), columns.indexOf('status')]
    return Object.fromEntries(
      rows
        .map((row) => row.split(','))
        .map((cells) => [cells[server] ?? '', (cells[status] ?? '').split(' ')[0] ?? '']),
    )
  }
})
