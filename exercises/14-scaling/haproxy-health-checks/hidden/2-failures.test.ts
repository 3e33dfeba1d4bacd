import { expect } from 'vitest'
import { note, sleep, step, test, together } from 'learn-backend/kit'
import { type Backend, error, gate, inBackground, openShop, tell, total, visitors, waitFor } from './shop.ts'

step('retries', () => {
  test('a backend that has just died costs no client an answer', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ interval: '1m' })
    const dead = random.pick(backends)
    // Its first check, which may come later.
    await waitFor(() => dead.checks.length > 0, 300)
    await dead.upstream.down()
    note(`backend ${dead.name} refuses connections, and the next check is a minute away`)
    for (let i = 0; i < 15; i++) {
      const [get, post] = [await lb.get(`/books/${i}`), await lb.post('/orders', { json: { item: i } })]
      for (const answer of [get, post]) {
        expect(answer, 'a connection that was refused carried no request: it may go to another backend').toHaveStatus(
          200,
        )
        expect(answer, 'at once: there is nothing to wait for').toTakeAtMost(800)
      }
    }
    tell(backends)
    expect(total(backends), '30 requests, each seen once by a backend that is well').toBe(30)
  })

  test('a GET goes to another backend when the first breaks off', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ interval: '1m' })
    const broken = random.pick(backends)
    broken.pages = { fault: 'reset' }
    note(`backend ${broken.name} takes requests and breaks the connection off; its checks are good`)
    for (let i = 0; i < 15; i++) {
      const answer = await lb.get(`/books/${i}`)
      expect(answer, 'the other two backends are well').toHaveStatus(200)
      expect(answer).toTakeAtMost(800)
    }
    tell(backends)
    expect(broken.seen.length, 'requests that it broke off').toBeGreaterThan(0)
  })

  test('no request is sent to more than two backends', async ({ haproxy, newUpstream }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ interval: '1m' })
    for (const backend of backends) backend.pages = { fault: 'reset' }
    const answer = await lb.get('/poison')
    expect(answer, 'every backend that gets this request breaks off').toAnswer(502, error)
    expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
    tell(backends)
    expect(
      total(backends),
      'a request that kills whoever gets it must not kill all three: two tries, no more (and no less)',
    ).toBe(2)
    expect(
      backends.filter(({ seen }) => seen.length > 0).length,
      'the second try goes to another backend (backends that have seen it)',
    ).toBe(2)
  })

  test('what may have been carried out is not sent again', async ({ haproxy, newUpstream, random }) => {
    for (const method of ['POST', 'PATCH']) {
      const { lb, backends } = await openShop({ haproxy, newUpstream })({ interval: '1m' })
      for (const backend of backends) backend.pages = { fault: 'reset' }
      const answer = await lb.request(method, '/orders', { json: { item: random.word() } })
      expect(answer, 'the backend broke the connection off after it had the request').toAnswer(502, error)
      expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
      tell(backends, total(backends) !== 1)
      expect(
        total(backends),
        `a ${method} whose connection broke off may have been carried out (requests at all backends together)`,
      ).toBe(1)
    }
  })
})

step('timeouts', () => {
  test('504 when a backend is silent', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ timeout: '300ms' })
    for (const backend of backends) backend.pages = { fault: 'hang' }
    const path = `/${random.word()}`
    const answers = await Promise.all([lb.get(path, { deadline: 6000 }), lb.post(path, { json: {}, deadline: 6000 })])
    note('all backends take requests and never answer; their checks are good. TIMEOUT is 300ms')
    for (const answer of answers) {
      expect(answer).toAnswer(504, error)
      expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
      expect(answer, 'TIMEOUT is 300ms: a backend has that time').toTakeAtLeast(240)
      expect(answer, 'TIMEOUT is 300ms').toTakeAtMost(2500)
    }
    tell(backends)
    expect(total(backends), 'two requests came in; who has waited once is not kept waiting again').toBe(2)
  })

  test('a client that never comes to the point is sent away', async ({ haproxy, newUpstream }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ clientTimeout: '300ms' })
    const client = await lb.connect()
    const startedAt = performance.now()
    let gone: number | undefined
    void client.closed.then(() => {
      gone = performance.now() - startedAt
    })
    await client.write('GET /books HTTP/1.1\r\nHost: shop.example\r\nX-Slow: ')
    while (gone === undefined && performance.now() - startedAt < 2500) {
      await sleep(100)
      await client.write('z').catch(() => {})
    }
    client.destroy()
    note('a client sends one byte of its headers every 100 ms, without end. CLIENT_TIMEOUT is 300ms')
    expect(
      gone,
      'after 2.5 seconds its connection was still open: a thousand of those cost nothing, and occupy every place (a timeout that each byte starts anew does not help)',
    ).toBeDefined()
    expect(total(backends), 'no backend sees a request that is not complete').toBe(0)
  })

  test('a slow upload that goes on is let through', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ clientTimeout: '500ms' })
    const body = random.hex(800)
    const client = await lb.connect()
    await client.write(
      `POST /pictures HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    for (let at = 0; at < body.length; at += 100) {
      await client.write(body.slice(at, at + 100))
      await sleep(90)
    }
    expect(
      await client.answer(),
      'the headers came at once, then 100 bytes of the body every 90 ms: CLIENT_TIMEOUT (500ms) is for the headers',
    ).toHaveStatus(200)
    expect(backends.flatMap(({ seen }) => seen)[0]?.text).toBe(body)
  })
})

step('limits', () => {
  test('a request goes where the fewest are open', async ({ haproxy, newUpstream, random }) => {
    const shop = await openShop({ haproxy, newUpstream })()
    const slow = random.pick(shop.backends)
    const work = holdPages(shop.backends)
    const six: ReturnType<typeof shop.lb.get>[] = []
    while (six.length < 6) {
      six.push(inBackground(shop.lb.get(`/long/${six.length}`, { deadline: 12_000 })))
      await waitFor(() => total(shop.backends) >= six.length)
    }
    tell(shop.backends)
    expect(
      shop.backends.map(({ open }) => open),
      'six requests that take long: two for each backend',
    ).toEqual([2, 2, 2])
    for (const backend of shop.backends) if (backend !== slow) work.get(backend)!.open()
    await waitFor(() => shop.backends.every((backend) => backend === slow || backend.open === 0))
    await sleep(30)
    const before = slow.seen.length
    const writers = await visitors(shop, 12)
    tell(shop.backends)
    expect(
      slow.seen.length - before,
      `backend ${slow.name} is still working on two requests, the others on none: they get the next twelve, which came one after the other (requests that went to ${slow.name})`,
    ).toBe(0)
    expect(new Set(writers).size, 'the other two take turns').toBe(2)
    work.get(slow)!.open()
    for (const answer of six) expect(await answer).toHaveStatus(200)
  })

  test('no backend has more than MAX_REQUESTS at once', async ({ haproxy, newUpstream, random }) => {
    const maxRequests = random.int(2, 4)
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ maxRequests })
    for (const backend of backends) {
      backend.pages = async () => {
        await sleep(25)
        return { json: { backend: backend.name } }
      }
    }
    for (const answer of await together(40, (i) => lb.get(`/books/${i}`, { deadline: 8000 })))
      expect(answer, '40 requests at once: those that find no free backend wait').toHaveStatus(200)
    note(`MAX_REQUESTS is ${maxRequests}, and 40 requests came at once`)
    tell(backends)
    expect(
      Math.max(...backends.map(({ mostOpen }) => mostOpen)),
      `the most requests that a backend had at the same time: ${backends.map(({ mostOpen }) => mostOpen).join(', ')}`,
    ).toBeLessThanOrEqual(maxRequests)
  })

  test('who waits gets the first backend that is free', async ({ haproxy, newUpstream, random }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ maxRequests: 1 })
    const work = holdPages(backends)
    const busy = Array.from({ length: 3 }, (_, i) => inBackground(lb.get(`/long/${i}`, { deadline: 12_000 })))
    await waitFor(() => total(backends) >= 3)
    const waiting = Array.from({ length: 4 }, (_, i) => inBackground(lb.get(`/next/${i}`, { deadline: 12_000 })))
    await sleep(100)
    tell(backends)
    expect(total(backends), 'MAX_REQUESTS is 1, and all three backends have one: the others wait').toBe(3)
    const first = random.pick(backends)
    work.get(first)!.open()
    await waitFor(() => first.seen.length >= 5)
    tell(backends)
    expect(
      first.seen.length,
      `only backend ${first.name} has finished its request. All four that are waiting can go there, one after the other (requests that it has seen)`,
    ).toBe(5)
    for (const answer of waiting) expect(await answer).toHaveStatus(200)
    for (const one of work.values()) one.open()
    for (const answer of busy) expect(await answer).toHaveStatus(200)
  })

  test('nobody waits longer than QUEUE_TIMEOUT', async ({ haproxy, newUpstream }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ maxRequests: 1, queueTimeout: '1300ms' })
    const work = holdPages(backends)
    const busy = Array.from({ length: 3 }, (_, i) => inBackground(lb.get(`/long/${i}`, { deadline: 12_000 })))
    await waitFor(() => total(backends) >= 3)
    const answer = await lb.get('/next', { deadline: 8000 })
    note('MAX_REQUESTS is 1, and each backend is working on a request that takes long. QUEUE_TIMEOUT is 1300ms')
    expect(answer, 'no backend became free').toAnswer(503, error)
    expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
    expect(answer).toHaveHeader('retry-after', /^[1-9]\d*$/)
    expect(answer, 'QUEUE_TIMEOUT is 1300ms').toTakeAtLeast(1170)
    expect(answer, 'QUEUE_TIMEOUT is 1300ms').toTakeAtMost(4000)
    for (const one of work.values()) one.open()
    for (const other of busy) expect(await other, 'it was being worked on all the time').toHaveStatus(200)
  })

  test('who has left is not waited upon', async ({ haproxy, newUpstream }) => {
    const { lb, backends } = await openShop({ haproxy, newUpstream })({ maxRequests: 1 })
    const work = holdPages(backends)
    const busy = Array.from({ length: 3 }, (_, i) => inBackground(lb.get(`/long/${i}`, { deadline: 12_000 })))
    await waitFor(() => total(backends) >= 3)
    const gone = await Promise.all(
      Array.from({ length: 5 }, async (_, i) => {
        const client = await lb.connect()
        await client.write(`GET /gone/${i} HTTP/1.1\r\nHost: shop.example\r\n\r\n`)
        return client
      }),
    )
    await sleep(150)
    // The end of what they write is all that a balancer sees of clients who hang up; once it has seen that, it closes.
    for (const client of gone) client.end()
    await Promise.race([Promise.all(gone.map(({ closed }) => closed)), sleep(2000)])
    for (const client of gone) client.destroy()
    for (const one of work.values()) one.open()
    for (const answer of busy) expect(await answer).toHaveStatus(200)
    expect(await lb.get('/after'), 'a client that came after them').toHaveStatus(200)
    note('five clients waited for a free backend, and hung up before there was one')
    tell(backends)
    const useless = backends.flatMap(({ seen }) => seen).filter(({ path }) => path.startsWith('/gone'))
    expect(
      useless.length,
      'nobody is there any more to get those answers: to work on them makes a busy backend busier (requests that reached a backend nonetheless)',
    ).toBe(0)
  })

  /** Long pages of each backend wait for its gate. */
  function holdPages(backends: readonly Backend[]): Map<Backend, ReturnType<typeof gate>> {
    const gates = new Map(backends.map((backend) => [backend, gate()]))
    for (const [backend, { opened }] of gates) {
      backend.pages = async ({ path }) => {
        if (path.startsWith('/long')) await opened
        return { json: { backend: backend.name } }
      }
    }
    return gates
  }
})
