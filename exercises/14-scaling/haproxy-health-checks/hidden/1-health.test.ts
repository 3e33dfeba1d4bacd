import { expect } from 'vitest'
import { note, sleep, step, test } from 'learn-backend/kit'
import {
  type Backend,
  becomesAvoided,
  becomesUsed,
  counts,
  error,
  gate,
  healthy,
  inBackground,
  isUsed,
  makesChecks,
  openShop,
  sick,
  tell,
  total,
  visitors,
  waitFor,
} from './shop.ts'

step('forward', () => {
  test('passes requests on and answers back', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })()
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      const path = `/files/${random.word()}%2F${encodeURIComponent(random.unicode())}?page=${random.int(2, 99)}&q=a%26b`
      const sent = method === 'GET' ? '' : JSON.stringify({ title: random.unicode() })
      const made = { id: random.uuid(), by: method }
      const before = total(backends)
      for (const backend of backends) backend.pages = { status: 201, json: made, headers: { 'x-shop': 'yes' } }
      const options = { headers: { 'content-type': 'application/json' }, ...(sent === '' ? {} : { body: sent }) }
      const answer = await lb.request(method, path, options)
      expect(answer).toAnswer(201, made)
      expect(answer, 'headers of the backend come back with its answer').toHaveHeader('x-shop', 'yes')
      tell(backends, total(backends) - before !== 1)
      expect(total(backends) - before, 'one request came in, so one backend sees one request').toBe(1)
      const seen = backends.flatMap((backend) => backend.seen).find((request) => request.path === path)
      expect(seen?.path, 'the backend gets path and query as they came').toBe(path)
      expect(seen?.method).toBe(method)
      expect(seen?.text, 'the body reaches the backend as it came').toBe(sent)
    }
  })

  test('every backend gets its share of the requests', async ({ haproxy, newUpstream }) => {
    const shop = await openShop({ haproxy, newUpstream })()
    await visitors(shop, 60)
    tell(shop.backends)
    expect(
      Math.min(...counts(shop.backends)),
      `60 requests of 60 visitors: the backends got ${counts(shop.backends).join(', ')}. Each must get at least 8`,
    ).toBeGreaterThanOrEqual(8)
  })

  test('errors of a backend are passed on as they are', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })()
    for (const status of [400, 401, 403, 404, 409, 429, 500, 502, 503, 504]) {
      const body = { reason: random.words(3) }
      const before = total(backends)
      for (const backend of backends) backend.pages = { status, json: body }
      expect(await lb.get(`/books/${status}`), 'this is what the backend said').toAnswer(status, body)
      tell(backends, total(backends) - before !== 1)
      expect(total(backends) - before, 'an answer is an answer: nobody else is asked').toBe(1)
    }
  })
})

step('checks', () => {
  test('all backends are asked for their health, again and again', async ({ haproxy, newUpstream }) => {
    const { backends } = await openShop({ haproxy, newUpstream })({ interval: '100ms' })
    await waitFor(() => backends.every(({ checks }) => checks.length >= 4))
    tell(backends)
    for (const { name, checks } of backends) {
      expect(
        checks.length,
        `CHECK_INTERVAL is 100ms, and 4 seconds have passed: requests for /healthz at backend ${name}`,
      ).toBeGreaterThanOrEqual(4)
      expect(checks[0]?.method, 'the method of a check').toBe('GET')
    }
  })

  test('a backend that is not healthy gets no requests', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })()
    const [one, other] = random.sample(shop.backends, 2) as [Backend, Backend]
    const bad: [Backend, number][] = [
      [one, random.pick([500, 503, 401])],
      [other, random.pick([204, 301])],
    ]
    for (const [backend, status] of bad) {
      backend.health = { status, headers: { location: '/elsewhere' } }
      note(`/healthz of backend ${backend.name} answers ${status}, while its pages seem to work`)
    }
    for (const [backend, status] of bad) {
      await becomesAvoided(shop, backend, `only 200 means healthy, and /healthz answers ${status}`)
    }
    const before = one.seen.length + other.seen.length
    await visitors(shop, 12)
    tell(shop.backends)
    expect(
      one.seen.length + other.seen.length - before,
      'they are out, and get nothing as long as they are not healthy',
    ).toBe(0)
  })

  test('a check that is not answered in time has failed', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })({ interval: '30ms', checkTimeout: '350ms' })
    const ill = random.pick(shop.backends)
    ill.health = { fault: 'hang' }
    await becomesAvoided(shop, ill, '/healthz takes the request and never answers. CHECK_TIMEOUT is 350ms')
  })

  test('a check that takes longer than the interval is none the worse', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })({ interval: '30ms', checkTimeout: '10s' })
    const slow = random.pick(shop.backends)
    slow.health = { ...healthy, delay: 200 }
    await makesChecks(slow, 3)
    for (let round = 0; round < 3; round++) {
      const used = await isUsed(shop, slow)
      tell(shop.backends, !used)
      expect(
        used,
        `the checks of backend ${slow.name} are answered after 200 ms. CHECK_INTERVAL is 30ms, but CHECK_TIMEOUT is 10s: it is well, but none of 40 visitors came to it`,
      ).toBe(true)
      await sleep(60)
    }
  })

  test('one bad check is not enough, two in a row are', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })({ interval: '30ms' })
    const shaky = random.pick(shop.backends)
    // The very first check after the start may decide alone.
    await makesChecks(shaky, 3)
    let checks = 0
    let good = gate()
    shaky.health = async () => {
      if (++checks % 2 === 1) return sick
      await good.opened
      return healthy
    }
    for (let round = 1; round <= 3; round++) {
      await waitFor(() => checks >= 2 * round)
      const stays = await isUsed(shop, shaky)
      if (!stays) note(`so far ${checks} checks of backend ${shaky.name}, every other was bad; the latest is under way`)
      tell(shop.backends, !stays)
      expect(stays, 'never were two checks in a row bad, so it stays, but none of 40 visitors came to it').toBe(true)
      const { open } = good
      good = gate()
      open()
    }
    const third = gate()
    let failed = 0
    shaky.health = async () => {
      if (++failed === 3) await third.opened
      return sick
    }
    await waitFor(() => failed >= 3)
    const before = shaky.seen.length
    await visitors(shop, 12)
    third.open()
    tell(shop.backends)
    expect(
      shaky.seen.length - before,
      `two checks in a row failed at backend ${shaky.name}, the third is still under way: it is out (requests that went to it since then)`,
    ).toBe(0)
  })

  test('three good checks in a row bring a backend back', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })({ interval: '30ms' })
    const ill = random.pick(shop.backends)
    ill.health = sick
    await becomesAvoided(shop, ill, '/healthz answers 500')
    const third = gate()
    let good = 0
    ill.health = async () => {
      if (++good === 3) await third.opened
      return healthy
    }
    await waitFor(() => good >= 3)
    const before = ill.seen.length
    await visitors(shop, 12)
    tell(shop.backends)
    expect(good, 'checks go on while a backend is out').toBeGreaterThanOrEqual(3)
    expect(
      ill.seen.length - before,
      `backend ${ill.name} was out, and two checks have been good since, the third is under way: it is still out (requests that went to it)`,
    ).toBe(0)
    third.open()
    await becomesUsed(shop, ill, 'more than three checks in a row have been good')
  })

  test('requests that a backend is working on may finish', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })({ interval: '30ms' })
    const ill = random.pick(shop.backends)
    const work = gate()
    for (const backend of shop.backends) {
      backend.pages = async ({ path }) => {
        if (path === '/long' && backend === ill) await work.opened
        return { json: { backend: backend.name } }
      }
    }
    // Until one of them has come to the backend in question.
    const long: ReturnType<typeof shop.lb.post>[] = []
    while (ill.open === 0 && long.length < 60) {
      long.push(inBackground(shop.lb.post('/long', { json: {}, deadline: 12_000 })))
      await sleep(10)
    }
    ill.health = sick
    await makesChecks(ill, 5)
    work.open()
    note(`backend ${ill.name} was working on POST /long when its checks began to fail`)
    for (const answer of long) expect(await answer, 'it was not killed, so its answer is good').toHaveStatus(200)
  })
})

step('none', () => {
  test('when no backend is healthy the client is told so, at once', async ({ haproxy, newUpstream }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ interval: '30ms' })
    for (const backend of backends) backend.health = sick
    await waitForAnswer(lb, 503)
    for (const method of ['GET', 'POST']) {
      const before = total(backends)
      const answer = await lb.request(method, '/books')
      expect(answer, 'all three backends are out').toAnswer(503, error)
      expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
      expect(answer, 'in whole seconds').toHaveHeader('retry-after', /^[1-9]\d*$/)
      expect(answer).toTakeAtMost(1500)
      tell(backends, total(backends) !== before)
      expect(total(backends) - before, 'a backend that is out gets nothing').toBe(0)
    }
  })

  test('one healthy backend is enough, and the others come back by themselves', async ({ haproxy, newUpstream }) => {
    const shop = await openShop({ haproxy, newUpstream })({ interval: '30ms' })
    const { lb, backends } = shop
    for (const backend of backends) backend.health = sick
    await waitForAnswer(lb, 503)
    backends[1].health = healthy
    await waitForAnswer(lb, 200)
    const writers = await visitors(shop, 9)
    tell(backends)
    expect([...new Set(writers)], 'backend two is the only one that is healthy').toEqual(['two'])
    for (const backend of backends) backend.health = healthy
    for (const backend of backends) await becomesUsed(shop, backend, 'all three are healthy again')
  })

  /** Whether it came is seen by what the test asks next. */
  async function waitForAnswer(lb: { get(path: string): Promise<{ status: number }> }, status: number) {
    const end = performance.now() + 4000
    while ((await lb.get('/waiting')).status !== status && performance.now() < end) await sleep(20)
  }
})
