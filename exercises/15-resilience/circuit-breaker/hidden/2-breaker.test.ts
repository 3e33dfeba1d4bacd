import { expect } from 'vitest'
import { type Reply, sleep, step, test } from 'learn-backend/kit'
import {
  becomesHalfOpen,
  expectStatus,
  expectTurnedAway,
  gate,
  gateway,
  halfOpenBreaker,
  inBackground,
  leavesClosed,
  openBreaker,
  poll,
  reachesUpstream,
} from './gateway.ts'

step('open', () => {
  test('counts the failures in a row', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    const good = () => random.pick([200, 201, 203])
    const bad = () => random.pick([500, 501, 502, 503, 504])
    const rounds = [1, 2, 3].map(() => [...Array.from({ length: random.int(1, 4) }, bad), good()])
    const history: number[] = []
    let failures = 0
    for (const status of [good(), ...rounds.flat(), bad(), bad()]) {
      upstream.respond({ status, json: {} })
      await app.post('/orders', { json: {} })
      history.push(status)
      failures = status < 500 ? 0 : failures + 1
      await expectStatus(
        app,
        { state: 'closed', failures },
        `the upstream has answered ${history.join(', ')}; a status from 500 is a failure`,
      )
    }
  })

  test('a 4xx is a success', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream, { threshold: 3 })
    for (const status of random.sample([400, 401, 403, 404, 405, 409, 410, 422, 429], 5)) {
      upstream.respond({ status, json: {} })
      expect(
        await app.post('/orders', { json: {} }),
        'a 4xx is no failure: the upstream works, the client made the mistake',
      ).toHaveStatus(status)
    }
    await expectStatus(app, { state: 'closed', failures: 0 }, 'five answers with 4xx, no failure')
    let failures = 0
    for (const status of [500, 500, 404, 500, 500]) {
      upstream.respond({ status, json: {} })
      const why = 'the answers are 500, 500, 404, 500, 500, and FAILURE_THRESHOLD is 3: the 4xx ends the row'
      expect(await app.post('/orders', { json: {} }), why).toHaveStatus(status)
      failures = status < 500 ? 0 : failures + 1
      await expectStatus(app, { state: 'closed', failures }, why)
    }
  })

  test('every kind of failure counts', async ({ start, upstream, random }) => {
    const kinds: Record<string, Reply> = {
      'answered 500': { status: 500, json: {} },
      'answered 503': { status: 503, json: {} },
      'broke the connection off': { fault: 'reset' },
      'sent half an answer': { json: { books: random.words(2000) }, fault: 'truncate' },
      'spoke no HTTP': { fault: 'garbage' },
      'did not answer in time': { fault: 'hang' },
    }
    const order = random.shuffle(Object.keys(kinds))
    const app = await gateway(start, upstream, { threshold: order.length, timeoutMs: 100 })
    for (const [i, kind] of order.entries()) {
      await expectStatus(
        app,
        { state: 'closed', failures: i },
        `so far the upstream ${order.slice(0, i).join(', ') || 'was not asked'}`,
      )
      upstream.respond(kinds[kind] ?? {})
      await app.get('/books')
    }
    await expectStatus(app, { state: 'open' }, `FAILURE_THRESHOLD is ${order.length}; the upstream ${order.join(', ')}`)
  })

  test('one breaker guards every path and method', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream, { threshold: 4 })
    upstream.respond({ status: 500, json: {} })
    await app.get(`/${random.word()}/1`)
    await app.post(`/${random.word()}/2`, { json: {} })
    await app.get(`/${random.word()}/3?x=1`)
    await app.post(`/${random.word()}/4`, { json: {} })
    await expectStatus(
      app,
      { state: 'open' },
      'FAILURE_THRESHOLD is 4; four failures in a row, two of GETs and two of POSTs, each on another path',
    )
  })

  test('an open breaker turns requests away with 503 and Retry-After', async ({ start, upstream, random }) => {
    const threshold = random.int(2, 6)
    const app = await gateway(start, upstream, { threshold, openMs: 40_000 })
    await openBreaker(app, upstream, threshold)
    upstream.respond({ json: { works: 'again' } })
    const why = 'the breaker is open, for every path and method'
    expectTurnedAway(await app.get('/books'), why, { min: 20, max: 40 })
    expectTurnedAway(await app.post('/orders', { json: { item: 1 } }), why, { min: 20, max: 40 })
    expectTurnedAway(await app.get(`/${random.word()}?x=${random.int(1, 9)}`), why, { min: 20, max: 40 })
    expect(upstream.count, 'while the breaker is open, the upstream gets no request').toBe(threshold)
  })

  test('without settings 5 failures open it for 10 seconds', async ({ start, upstream }) => {
    const app = await start({ env: { UPSTREAM_URL: upstream.url } })
    upstream.respond({ status: 500, json: {} })
    for (let i = 0; i < 4; i++) await app.get('/books')
    await expectStatus(app, { state: 'closed', failures: 4 }, 'FAILURE_THRESHOLD is not set, so it is 5')
    await app.get('/books')
    await expectStatus(app, { state: 'open' }, 'FAILURE_THRESHOLD is not set, so it is 5')
    expectTurnedAway(await app.get('/books'), 'OPEN_MS is not set, so it is 10000', { min: 5, max: 10 })
  })

  test('a client that goes away is no failure', async ({ start, upstream }) => {
    const app = await gateway(start, upstream)
    const slow = gate()
    upstream.respond(async () => {
      await slow.opened
      return { json: { slow: true } }
    })
    for (let i = 1; i <= 3; i++) {
      const client = new AbortController()
      const answer = inBackground(app.get(`/slow/${i}`, { signal: client.signal, deadline: 8000 }))
      await reachesUpstream(upstream, i, 'a client asks, and has not left yet')
      client.abort()
      await answer.catch(() => {})
    }
    await sleep(100)
    const why = 'three clients went away before their answer; the upstream has done nothing wrong'
    await expectStatus(app, { state: 'closed', failures: 0 }, why)
    slow.open()
    await sleep(50)
    await expectStatus(app, { state: 'closed', failures: 0 }, why)
    upstream.respond({ json: ['fine'] })
    expect(await app.get('/books'), why).toAnswer(200, ['fine'])
  })
})

step('recover', () => {
  const threshold = 2

  test('GET /status says half-open when OPEN_MS have passed', async ({ start, upstream }) => {
    const openMs = 300
    const app = await gateway(start, upstream, { threshold: 2, openMs })
    upstream.respond({ status: 500, json: {} })
    await app.get('/books')
    await sleep(openMs / 2)
    await app.get('/books')
    const failedAt = upstream.requests.at(-1)?.at ?? 0
    await becomesHalfOpen(app)
    const after = Math.round(performance.now() - failedAt)
    const why = `half-open ${after} ms after the failure that opened the breaker; OPEN_MS is ${openMs}, from that failure on`
    expect(after, why).toBeGreaterThanOrEqual(openMs * 0.95)
    upstream.respond({ json: ['fine'] })
    expect(await app.get('/books'), 'the breaker is half-open: the next request is the probe').toAnswer(200, ['fine'])
  })

  test('a probe that succeeds, even with a 4xx, closes the breaker', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream, { threshold, openMs: 80 })
    await halfOpenBreaker(app, upstream, threshold)
    const status = random.pick([400, 403, 404, 409, 422])
    upstream.respond({ status, json: { fine: true } })
    expect(await app.get('/books'), 'the breaker is half-open: this is the probe, and a 4xx is a success').toAnswer(
      status,
      { fine: true },
    )
    await expectStatus(app, { state: 'closed', failures: 0 }, `the probe ended with ${status}, a success`)
    for (let i = 0; i < 3; i++) expect(await app.get(`/books/${i}`), 'the breaker is closed').toHaveStatus(status)
    upstream.respond({ status: 500, json: {} })
    await app.get('/books')
    await expectStatus(
      app,
      { state: 'closed', failures: 1 },
      `one failure since it closed; FAILURE_THRESHOLD is ${threshold}`,
    )
  })

  test('a probe that fails opens the breaker for a whole OPEN_MS', async ({ start, upstream }) => {
    const openMs = 200
    const app = await gateway(start, upstream, { threshold: 3, openMs })
    await halfOpenBreaker(app, upstream, 3)
    const before = upstream.count
    // The next request comes at once, the ones after it so seldom that even a wait that they prolong is over by then.
    const answer = await app.get('/probe')
    const why = 'the breaker is half-open: this is the probe, and the upstream answers it with 503'
    expect(answer, why).toAnswer(503, { error: 'out of order' })
    await app.get('/probe')
    for (let i = 0; i < 4 && upstream.count < before + 2; i++) {
      await sleep(openMs * 1.25)
      await app.get('/probe')
    }
    const [first, second] = upstream.requests.slice(before)
    expect(
      second,
      'the probe failed; OPEN_MS later a request should have been let through as a new probe',
    ).toBeDefined()
    const gap = Math.round((second?.at ?? 0) - (first?.at ?? 0))
    const rest = `${gap} ms after the probe that failed another request was forwarded; OPEN_MS is ${openMs}, and starts anew`
    expect(gap, rest).toBeGreaterThanOrEqual(openMs * 0.95)
  })

  test('requests that are turned away do not prolong the wait', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { threshold, openMs: 300 })
    upstream.respond({ status: 500, json: {} })
    for (let i = 0; i < threshold; i++) await app.get('/books')
    await leavesClosed(app)
    upstream.respond({ json: ['fine'] })
    const answer = await poll(
      () => app.get('/books'),
      ({ status }) => status === 200,
      { every: 20, deadline: 2000 },
    )
    expect(
      answer,
      'OPEN_MS is 300 and the upstream is well, but after 2 s of requests every 20 ms still none was let through',
    ).toAnswer(200, ['fine'])
  })

  test('recovers by itself when the upstream comes back', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream, { threshold, openMs: 80 })
    await upstream.down()
    for (let i = 0; i < threshold; i++) expect(await app.get('/books')).toHaveStatus(502)
    await leavesClosed(app)
    await sleep(random.int(0, 150))
    await upstream.up()
    upstream.respond({ json: ['back'] })
    const answer = await poll(
      () => app.get('/books'),
      ({ status }) => status === 200,
      { every: 120, deadline: 4000 },
    )
    expect(answer, 'the upstream is back since 4 s, and OPEN_MS is 80').toAnswer(200, ['back'])
    await expectStatus(app, { state: 'closed', failures: 0 }, 'the probe was a success')
  })
})
