import { expect } from 'vitest'
import { type Answer, type App, type Reply, sleep, step, test, type Upstream } from 'learn-backend/kit'
import {
  becomesHalfOpen,
  expectStatus,
  expectTurnedAway,
  gate,
  gateway,
  halfOpenBreaker,
  inBackground,
  poll,
  reachesUpstream,
  waitFor,
} from './gateway.ts'

// How long the probe takes, nobody knows: any estimate is right.
const turnedAway = { min: 1, max: 600 }

step('one-probe', () => {
  const threshold = 2

  test('of twenty requests at the same moment one is the probe', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { threshold, openMs: 60 })
    await halfOpenBreaker(app, upstream, threshold)
    const before = upstream.count
    const probe = holdAll(upstream)
    const answered: Answer[] = []
    const crowd = Array.from({ length: 20 }, (_, i) =>
      inBackground(
        i % 3 === 0
          ? app.post(`/crowd/${i}`, { json: { i }, deadline: 8000 })
          : app.get(`/crowd/${i}`, { deadline: 8000 }),
      ),
    )
    for (const one of crowd) one.then((answer) => answered.push(answer)).catch(() => {})
    await waitFor(() => answered.length === 19 || upstream.count - before > 1, 5000)
    await sleep(50)
    const why = 'the breaker is half-open and twenty requests come at once: one of them is forwarded'
    await reachesUpstream(upstream, 1, why, before)
    expect(answered.length, 'all but the probe are answered at once: they do not wait for the probe').toBe(19)
    for (const answer of answered)
      expectTurnedAway(answer, 'the probe is on its way; this is another request', turnedAway)
    probe.open({ json: { fine: true } })
    const statuses = (await Promise.all(crowd)).map(({ status }) => status)
    expect(
      statuses.filter((status) => status === 200),
      'the one probe gets its answer',
    ).toHaveLength(1)
    await expectStatus(app, { state: 'closed', failures: 0 }, 'the probe was a success')
  })

  test('others get a stale answer or 503 while the probe is on its way', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream, { threshold, openMs: 60 })
    const price = { cents: random.int(1, 9999) }
    upstream.respond({ json: price })
    await app.get('/prices/7')
    await halfOpenBreaker(app, upstream, threshold)
    const { probe, answer } = await sendProbe(app, upstream)
    const before = upstream.count
    await expectStatus(app, { state: 'half-open' }, 'the probe is on its way')
    const stale = await app.get('/prices/7')
    expect(stale, 'the probe is on its way, and /prices/7 was answered before').toAnswer(200, price)
    expect(stale).toHaveHeader('x-stale', 'true')
    expectTurnedAway(
      await app.get('/prices/8'),
      'the probe is on its way, and /prices/8 was never answered',
      turnedAway,
    )
    expectTurnedAway(
      await app.post('/prices/7', { json: price }),
      'the probe is on its way, and this is a POST',
      turnedAway,
    )
    expect(upstream.count, 'while the probe is on its way, the upstream gets nothing else').toBe(before)
    probe.open({ json: { fine: true } })
    expect(await answer, 'the answer of the probe').toAnswer(200, { fine: true })
  })

  test('one probe, even if bodies arrive slowly', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { threshold, openMs: 60 })
    await halfOpenBreaker(app, upstream, threshold)
    const before = upstream.count
    const probe = holdAll(upstream)
    const clients = await Promise.all([app.connect(), app.connect(), app.connect()])
    for (const [i, client] of clients.entries()) {
      const head = ['content-type: application/json', 'content-length: 2', 'connection: close']
      await client.write(`POST /slow/${i} HTTP/1.1\r\nhost: ${app.host}:${app.port}\r\n${head.join('\r\n')}\r\n\r\n[`)
    }
    await sleep(150)
    for (const client of clients) await client.write(']').catch(() => {})
    await waitFor(() => upstream.count > before)
    await sleep(80)
    const why =
      'three requests came, then the rest of their bodies: the upstream gets one. Look whether something is awaited between the ' +
      'look at the state and the mark that the probe is taken'
    await reachesUpstream(upstream, 1, why, before)
    probe.open({ json: {} })
    for (const client of clients) client.destroy()
  })

  test('a probe whose client goes away does not block the breaker', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { threshold, openMs: 60, timeoutMs: 100 })
    await halfOpenBreaker(app, upstream, threshold)
    const before = upstream.count
    upstream.respond({ fault: 'hang' })
    const client = new AbortController()
    const answer = inBackground(app.get('/probe', { signal: client.signal }))
    await reachesUpstream(upstream, 1, 'the breaker is half-open: the next request is the probe', before)
    client.abort()
    await answer.catch(() => {})
    upstream.respond({ json: ['fine'] })
    const next = await poll(
      () => app.get('/books'),
      ({ status }) => status === 200,
      { every: 30, deadline: 4000 },
    )
    const why =
      'the client of the probe went away, and TIMEOUT_MS (100) and OPEN_MS (60) are long over, but no request is let through: ' +
      'does the place of the probe become free again?'
    expect(next, why).toAnswer(200, ['fine'])
  })

  test('a probe that is never answered does not block the breaker', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { threshold, openMs: 60, timeoutMs: 100 })
    await halfOpenBreaker(app, upstream, threshold)
    upstream.respond({ fault: 'hang' })
    expect(await app.get('/probe'), 'the upstream does not answer the probe within TIMEOUT_MS').toHaveStatus(504)
    upstream.respond({ json: ['fine'] })
    const next = await poll(
      () => app.get('/books'),
      ({ status }) => status === 200,
      { every: 30, deadline: 4000 },
    )
    const why = 'the probe timed out; OPEN_MS (60) later the next request is a new probe, and the upstream is well'
    expect(next, why).toAnswer(200, ['fine'])
    await expectStatus(app, { state: 'closed', failures: 0 }, 'the second probe was a success')
  })
})

step('late', () => {
  const threshold = 2

  test('a late success does not close the breaker', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { threshold })
    const late = await sendSlowly(app, upstream, 3)
    await failOthers(app, threshold)
    await expectStatus(
      app,
      { state: 'open' },
      `${threshold} failures in a row; three older requests are still on their way`,
    )
    late.open({ json: { late: true } })
    for (const answer of late.answers)
      expect(await answer, 'its client still gets the answer').toAnswer(200, { late: true })
    await sleep(50)
    const why = 'three answers came late: these requests were sent before the breaker opened'
    await expectStatus(app, { state: 'open' }, why)
    const before = upstream.count
    expectTurnedAway(await app.get('/books'), why, { min: 30, max: 60 })
    expect(upstream.count, 'the breaker is still open').toBe(before)
  })

  test('late failures do not prolong the wait', async ({ start, upstream }) => {
    const openMs = 300
    const app = await gateway(start, upstream, { threshold, openMs })
    const late = await sendSlowly(app, upstream, 16)
    await failOthers(app, threshold)
    let state = ''
    for (const [i, answer] of late.answers.entries()) {
      await sleep(60)
      state = (await app.get('/status')).json.state
      if (state === 'half-open') break
      late.openOne(i, { status: 500, json: {} })
      expect(await answer, 'its client still gets the answer').toHaveStatus(500)
    }
    const why =
      `OPEN_MS is ${openMs}. For about three times that long a request that was sent before the breaker opened has failed ` +
      'every 60 ms, and the breaker has stayed open: these failures must not start the wait anew'
    expect(state, why).toBe('half-open')
  })

  test('late answers do not decide instead of the probe', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream, { threshold, openMs: 60 })
    const late = await sendSlowly(app, upstream, 4)
    await failOthers(app, threshold)
    await becomesHalfOpen(app)
    const { probe, answer } = await sendProbe(app, upstream)
    const before = upstream.count
    for (const [i, status] of random.shuffle([200, 200, 500, 500]).entries()) {
      late.openOne(i, { status, json: {} })
      expect(await late.answers[i], 'its client still gets the answer').toHaveStatus(status)
      await sleep(20)
      const why = `the probe is on its way; a request that was sent before the breaker opened ended with ${status}`
      await expectStatus(app, { state: 'half-open' }, why)
      let answered = false
      const other = inBackground(app.get('/books'))
      other.then(() => (answered = true)).catch(() => {})
      await waitFor(() => answered || upstream.count > before)
      await reachesUpstream(
        upstream,
        0,
        `${why}. The place of the probe is still taken, nothing else may be forwarded`,
        before,
      )
      expect(await other, why).toHaveStatus(503)
    }
    probe.open({ json: { fine: true } })
    expect(await answer, 'the answer of the probe').toAnswer(200, { fine: true })
    await expectStatus(app, { state: 'closed', failures: 0 }, 'the probe was a success')
  })

  test('late answers do not count after the breaker has closed again', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { threshold: 3, openMs: 60 })
    const late = await sendSlowly(app, upstream, 4)
    await failOthers(app, 3)
    await becomesHalfOpen(app)
    late.respondToOthers({ json: {} })
    expect(await app.get('/probe')).toHaveStatus(200)
    await expectStatus(app, { state: 'closed', failures: 0 }, 'the probe was a success')
    for (const i of [0, 1]) {
      late.openOne(i, { status: 500, json: {} })
      expect(await late.answers[i]).toHaveStatus(500)
    }
    await sleep(50)
    const old = 'sent before the breaker opened; since then it has opened and closed again'
    await expectStatus(app, { state: 'closed', failures: 0 }, `two failures of requests that were ${old}`)
    late.respondToOthers({ status: 500, json: {} })
    await app.get('/books')
    await expectStatus(app, { failures: 1 }, 'one new failure')
    for (const i of [2, 3]) {
      late.openOne(i, { json: {} })
      expect(await late.answers[i]).toHaveStatus(200)
    }
    await sleep(50)
    await expectStatus(
      app,
      { state: 'closed', failures: 1 },
      `one new failure, then two successes of requests that were ${old}`,
    )
  })
})

/** From now on the upstream keeps every request waiting until the gate is opened with the reply. */
function holdAll(upstream: Upstream) {
  const held = gate<Reply>()
  upstream.respond(() => held.opened)
  return held
}

async function sendProbe(app: App, upstream: Upstream) {
  const before = upstream.count
  const probe = holdAll(upstream)
  const answer = inBackground(app.get('/probe', { deadline: 8000 }))
  await reachesUpstream(upstream, 1, 'the breaker is half-open: the next request is the probe', before)
  return { probe, answer }
}

/** Requests that the upstream keeps waiting. All other requests fail, unless they are told otherwise. */
async function sendSlowly(app: App, upstream: Upstream, n: number) {
  const gates = Array.from({ length: n }, () => gate<Reply>())
  let others: Reply = { status: 500, json: {} }
  upstream.respond(({ path }) => gates[Number(/^\/slow\/(\d+)$/.exec(path)?.[1])]?.opened ?? others)
  const answers = gates.map((_, i) => inBackground(app.get(`/slow/${i}`, { deadline: 9000 })))
  await reachesUpstream(upstream, n, `${n} requests came at once: the upstream gets them all`)
  return {
    answers,
    open: (reply: Reply) => gates.forEach((one) => one.open(reply)),
    openOne: (i: number, reply: Reply) => gates[i]?.open(reply),
    respondToOthers(reply: Reply) {
      others = reply
    },
  }
}

async function failOthers(app: App, n: number) {
  for (let i = 0; i < n; i++) expect(await app.get(`/failing/${i}`)).toHaveStatus(500)
}
