import { expect } from 'vitest'
import { note, step, test, together } from 'learn-backend/kit'
import { all, askUntil, askUntilSeenBy, balanceWith, counts, error, tell, total, writer } from './balancer.ts'

step('failover', () => {
  test('a backend that is down costs no client an answer', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const gone = random.int(0, 2)
    await backends[gone]!.down()
    note(`BACKEND_${gone + 1} refuses connections`)
    for (let i = 0; i < 20; i++) {
      expect(await lb.get(`/books/${i}`), 'two backends are well').toHaveStatus(200)
      const answer = await lb.post('/orders', { json: { item: i } })
      expect(answer, 'a connection that was refused carried no request: even a POST may go to the next').toHaveStatus(
        200,
      )
    }
    tell(backends)
    expect(total(backends), '40 requests, each seen once by a backend that is well').toBe(40)
  })

  test('a GET goes to another backend when the first breaks off', async ({ nginx, newUpstream, random }) => {
    const balancer = await balanceWith({ nginx, newUpstream })()
    const broken = random.int(0, 2)
    balancer.backends[broken]!.respond({ fault: 'reset' })
    note(`BACKEND_${broken + 1} takes requests and breaks the connection off`)
    for (const answer of await askUntilSeenBy(balancer.backends[broken]!, balancer, '/books')) {
      expect(answer, 'the other two backends are well').toHaveStatus(200)
    }
  })

  test('a GET goes to another backend when the first says 502, 503 or 504', async ({ nginx, newUpstream, random }) => {
    for (const status of [502, 503, 504]) {
      const balancer = await balanceWith({ nginx, newUpstream })()
      const sick = random.int(0, 2)
      balancer.backends[sick]!.respond({ status, json: { reason: 'shutting down' } })
      note(`BACKEND_${sick + 1} answers ${status}`)
      for (const answer of await askUntilSeenBy(balancer.backends[sick]!, balancer, '/books')) {
        expect(answer, `one backend answers ${status}, the other two are well`).toHaveStatus(200)
      }
    }
  })

  test('a backend that failed is left in peace, by all workers', async ({ nginx, newUpstream, random }) => {
    const balancer = await balanceWith({ nginx, newUpstream })({ rest: '30s' })
    const broken = random.int(0, 2)
    balancer.backends[broken]!.respond({ fault: 'reset' })
    await askUntilSeenBy(balancer.backends[broken]!, balancer, '/first')
    for (let i = 0; i < 4; i++) {
      for (const answer of await together(10, (n) => balancer.lb.get(`/then/${i}/${n}`)))
        expect(answer).toHaveStatus(200)
    }
    tell(balancer.backends)
    expect(
      balancer.backends[broken]!.count,
      `BACKEND_${broken + 1} broke off its first request. REST is 30s: after this one failure it gets nothing for 30 seconds`,
    ).toBe(1)
  })

  test('a backend that is well again gets its share again', async ({ nginx, newUpstream, random }) => {
    const balancer = await balanceWith({ nginx, newUpstream })({ rest: '1s' })
    const { lb, backends } = balancer
    const broken = random.int(0, 2)
    backends[broken]!.respond({ fault: 'reset' })
    await askUntilSeenBy(backends[broken]!, balancer, '/first')
    backends[broken]!.respond({ json: { backend: broken + 1 } })
    let asked = 0
    const answer = await askUntil(
      () => lb.get(`/later/${asked++}`),
      (it) => it.status !== 200 || writer(it) === broken + 1,
      { every: 20 },
    )
    expect(answer, 'meanwhile the others answer').toHaveStatus(200)
    tell(backends)
    expect(
      writer(answer),
      `BACKEND_${broken + 1} failed once, 5 seconds ago, and has been well since. REST is 1s, but nobody asks it any more`,
    ).toBe(broken + 1)
  })

  test('no request is sent to more than two backends', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    all(backends, { fault: 'reset' })
    const answer = await lb.get('/poison')
    expect(answer, 'every backend that gets this request breaks off').toAnswer(502, error)
    expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
    tell(backends)
    expect(
      total(backends),
      'a request that kills whoever gets it must not kill all three: two tries, no more (and no less)',
    ).toBe(2)
    const ids = new Set(backends.flatMap(({ requests }) => requests.map(({ headers }) => headers['x-request-id'])))
    expect(ids.size, 'both tries are the same request, with the same id').toBe(1)
  })

  test('a POST or PATCH is never sent twice', async ({ nginx, newUpstream, random }) => {
    for (const method of ['POST', 'PATCH']) {
      const { lb, backends } = await balanceWith({ nginx, newUpstream })()
      all(backends, { fault: 'reset' })
      const answer = await lb.request(method, '/orders', { json: { item: random.word() } })
      expect(answer, 'the backend broke the connection off after it had the request').toAnswer(502, error)
      tell(backends, total(backends) !== 1)
      const why = `a ${method} whose connection broke off may have been carried out (requests at all backends together)`
      expect(total(backends), why).toBe(1)
    }
  })

  test('a POST that gets a 503 is not sent again', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const body = { reason: random.words(3) }
    all(backends, { status: 503, json: body })
    expect(await lb.post('/orders', { json: {} }), 'this is what the backend said').toAnswer(503, body)
    tell(backends)
    expect(total(backends), 'requests at all backends together').toBe(1)
  })

  test('when no backend is there the client is told so, at once', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (const backend of backends) await backend.down()
    for (let i = 0; i < 3; i++) {
      const answer = await lb.get('/books')
      expect(answer, 'all three backends refuse connections').toAnswer(502, error)
      expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
      expect(answer).toTakeAtMost(1500)
    }
  })
})

step('silence', () => {
  test('a GET goes to another backend when the first is silent', async ({ nginx, newUpstream, random }) => {
    const balancer = await balanceWith({ nginx, newUpstream })({ timeout: '300ms' })
    const silent = random.int(0, 2)
    balancer.backends[silent]!.respond({ fault: 'hang' })
    note(`BACKEND_${silent + 1} takes requests and never answers. TIMEOUT is 300ms`)
    for (const answer of await askUntilSeenBy(balancer.backends[silent]!, balancer, '/books')) {
      expect(answer, 'the other two backends are well').toHaveStatus(200)
      expect(answer, 'TIMEOUT is 300ms').toTakeAtMost(2500)
    }
    for (const answer of await together(20, (i) => balancer.lb.get(`/then/${i}`))) expect(answer).toHaveStatus(200)
    tell(balancer.backends)
    expect(
      counts(balancer.backends)[silent],
      'each request that a silent backend gets costs a whole TIMEOUT. REST is 60s: after one failure it gets nothing for 60 seconds',
    ).toBe(1)
  })

  test('504 when two backends are silent, and a POST is not sent again', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })({ timeout: '300ms' })
    all(backends, { fault: 'hang' })
    const path = `/${random.word()}`
    const [get, post] = await Promise.all([
      lb.get(path, { deadline: 6000 }),
      lb.post(path, { json: {}, deadline: 6000 }),
    ])
    note('all backends take requests and never answer. TIMEOUT is 300ms')
    tell(backends)
    for (const answer of [get, post]) {
      expect(answer).toAnswer(504, error)
      expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
      expect(answer, 'TIMEOUT is 300ms: a backend has that time').toTakeAtLeast(250)
      expect(answer, 'TIMEOUT is 300ms, and two tries are allowed').toTakeAtMost(3000)
    }
    const posts = backends.flatMap(({ requests }) => requests).filter(({ method }) => method === 'POST')
    expect(
      posts.length,
      'a backend that is silent may still be carrying the POST out: it is sent to nobody else (POSTs at all backends)',
    ).toBe(1)
    expect(total(backends) - posts.length, 'the GET is tried with two backends').toBeLessThanOrEqual(2)
  })
})
