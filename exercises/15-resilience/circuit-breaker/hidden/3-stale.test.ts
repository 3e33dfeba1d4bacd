import { expect } from 'vitest'
import { type Answer, type Reply, step, test, together } from 'learn-backend/kit'
import { becomesHalfOpen, expectStatus, expectTurnedAway, gateway, openBreaker, poll } from './gateway.ts'

step('stale', () => {
  test('a failure is answered with what is remembered', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream, { timeoutMs: 150 })
    const failures: Record<string, Reply> = {
      'answers 500': { status: 500, json: { error: 'out of order' } },
      'breaks the connection off': { fault: 'reset' },
      'does not answer in time': { fault: 'hang' },
    }
    for (const [kind, failure] of Object.entries(failures)) {
      const path = `/prices/${random.hex(8)}`
      const price = { cents: random.int(1, 9999) }
      upstream.respond({ json: price })
      // A program that has just started may need longer than TIMEOUT_MS for its first call.
      const live = await poll(
        () => app.get(path),
        ({ status }) => status === 200,
        { deadline: 3000 },
      )
      expect(live, 'the upstream answers').toAnswer(200, price)
      upstream.respond(failure)
      expectStale(
        await app.get(path, { deadline: 5000 }),
        price,
        `the upstream ${kind}, but ${path} was answered before`,
      )
    }
  })

  test('an open breaker answers with what is remembered', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream, { threshold: 3 })
    const price = { cents: random.int(1, 9999) }
    upstream.respond({ json: price })
    expect(await app.get('/prices/7')).toAnswer(200, price)
    await openBreaker(app, upstream, 3)
    const before = upstream.count
    expectStale(await app.get('/prices/7'), price, 'the breaker is open, but /prices/7 was answered before')
    expect(upstream.count, 'while the breaker is open, the upstream gets no request').toBe(before)
    const other = await app.get('/prices/8')
    expectTurnedAway(other, 'the breaker is open, and /prices/8 was never answered', { min: 30, max: 60 })
    expectLive(other)
  })

  test('the failure behind a stale answer counts', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { threshold: 3 })
    upstream.respond({ json: { cents: 1 } })
    await app.get('/prices/7')
    upstream.respond({ status: 500, json: {} })
    for (let i = 0; i < 3; i++) await app.get('/prices/7')
    const why = 'FAILURE_THRESHOLD is 3; three requests in a row failed, even though the clients got stale answers'
    await expectStatus(app, { state: 'open' }, why)
  })

  test('the last good answer is the one to remember', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream, { threshold: 1, openMs: 60 })
    const [first, second, third] = random.sample([100, 200, 300, 400, 500], 3).map((cents) => ({ cents }))
    for (const price of [first, second]) {
      upstream.respond({ json: price })
      const live = await app.get('/prices/7')
      expect(live, 'the upstream answers').toAnswer(200, price)
      expectLive(live)
    }
    upstream.respond({ status: 500, json: {} })
    expectStale(
      await app.get('/prices/7'),
      second,
      'the upstream fails; of two good answers the later one is remembered',
    )
    await becomesHalfOpen(app)
    expectStale(await app.get('/prices/7'), second, 'this was the probe, and it failed')
    await becomesHalfOpen(app)
    upstream.respond({ json: third })
    const live = await poll(
      () => app.get('/prices/7'),
      ({ headers }) => headers['x-stale'] === undefined,
      { deadline: 3000 },
    )
    expect(live, 'the upstream is well again, and the probe brought a fresh answer').toAnswer(200, third)
    expectLive(live)
  })

  test('what is remembered keeps its status, type and bytes', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    const bytes = random.bytes(5000)
    upstream.respond({ status: 203, headers: { 'content-type': 'image/webp' }, body: bytes })
    await app.get('/pictures/7')
    upstream.respond({ fault: 'reset' })
    const answer = await app.get('/pictures/7')
    expect(answer, 'the first answer had status 203').toHaveStatus(203)
    expect(answer).toHaveHeader('content-type', /^image\/webp/)
    expect(answer.body.equals(bytes), 'the stale body has the same bytes as the first answer').toBe(true)
  })

  test('another query is another thing', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    const [mine, yours] = random.sample(['anna', 'béla', 'çelik', 'dörte', 'émile'], 2).map(encodeURIComponent)
    upstream.respond(({ path }) => ({ json: { for: path } }))
    await app.get(`/orders?user=${mine}`)
    await app.get(`/orders?user=${yours}`)
    upstream.respond({ status: 500, json: { error: 'out of order' } })
    for (const user of [mine, yours]) {
      const path = `/orders?user=${user}`
      expectStale(await app.get(path), { for: path }, `${path} was answered before, with its own answer`)
    }
    for (const path of ['/orders', '/orders?user=', `/orders/?user=${mine}`]) {
      const why = `${path} was never answered; somebody else's answer is worse than none`
      expect(await app.get(path), why).toAnswer(500, { error: 'out of order' })
    }
  })

  test('a POST neither gets nor leaves a stale answer', async ({ start, upstream }) => {
    const app = await gateway(start, upstream)
    upstream.respond({ json: { list: [] } })
    await app.get('/orders')
    upstream.respond({ status: 201, json: { id: 1 } })
    await app.post('/orders', { json: { item: 1 } })
    await app.post('/payments', { json: { item: 1 } })
    upstream.respond({ status: 500, json: { error: 'out of order' } })
    const failed = await app.post('/orders', { json: { item: 2 } })
    expect(failed, 'the POST failed: its client must learn that').toAnswer(500, { error: 'out of order' })
    expectStale(
      await app.get('/orders'),
      { list: [] },
      'the answer of the GET is remembered, not that of the POST after it',
    )
    expect(await app.get('/payments'), 'only a POST was answered at /payments').toAnswer(500, { error: 'out of order' })
  })

  test('a 4xx is passed on, and not remembered', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    const status = random.pick([400, 401, 403, 404, 410, 422])
    upstream.respond({ json: { cents: 1 } })
    await app.get('/prices/7')
    upstream.respond({ status, json: { reason: 'gone' } })
    const gone = await app.get('/prices/7')
    expect(gone, 'the upstream works and says what it means: pass it on').toAnswer(status, { reason: 'gone' })
    expectLive(gone)
    await app.get('/prices/8')
    upstream.respond({ status: 500, json: { error: 'out of order' } })
    const why = `the only answer for /prices/8 so far was ${status}, which is not to be remembered`
    expect(await app.get('/prices/8'), why).toAnswer(500, { error: 'out of order' })
  })

  test('remembers a hundred answers', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    const paths = Array.from({ length: 100 }, (_, i) => `/prices/${i}?currency=${random.word()}`)
    upstream.respond(({ path }) => ({ json: { path } }))
    for (let i = 0; i < 100; i += 10) await together(10, (k) => app.get(paths[i + k] ?? ''))
    upstream.respond({ status: 500, json: {} })
    for (const path of random.sample(paths, 8)) {
      expectStale(await app.get(path), { path }, `${path} is one of the last 100 that were answered`)
    }
  })
})

function expectStale(answer: Answer, body: unknown, why: string) {
  expect(answer, why).toAnswer(200, body)
  expect(answer, 'a stale answer says so').toHaveHeader('x-stale', 'true')
}

function expectLive(answer: Answer) {
  expect(answer, 'x-stale is only for answers that were remembered').not.toHaveHeader('x-stale')
}
