import { request } from 'node:http'
import { expect } from 'vitest'
import { type Answer, note, sleep, step, test, together } from 'learn-backend/kit'
import { all, type Balancer, balanceWith, counts, error, tell, total, writer } from './balancer.ts'

step('sessions', () => {
  test('a session stays with one backend', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const sessions = Array.from({ length: 15 }, () => random.hex(24))
    const homes = new Map<string, number | undefined>()
    for (let round = 0; round < 4; round++) {
      for (const session of random.shuffle(sessions)) {
        const answer = await visit(lb, session, random.pick(['', 'theme=dark; ', 'lang=de; theme=light; ']))
        expect(answer).toHaveStatus(200)
        if (round === 0) homes.set(session, writer(answer))
        tell(backends, writer(answer) !== homes.get(session))
        expect(
          `BACKEND_${writer(answer)}`,
          `the session ${session.slice(0, 8)}... was with BACKEND_${homes.get(session)} before, and all backends are well`,
        ).toBe(`BACKEND_${homes.get(session)}`)
      }
    }
  })

  test('the sessions are spread over all backends', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    await together(30, () => visit(lb, random.hex(24)))
    await together(30, () => visit(lb, random.hex(24)))
    tell(backends)
    expect(
      Math.min(...counts(backends)),
      `60 visitors with a session each came once: the backends got ${counts(backends).join(', ')}. Each must get at least 6`,
    ).toBeGreaterThanOrEqual(6)
  })

  test('visitors without a session are spread, too', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (const headers of [{}, { cookie: `theme=${random.word()}` }, { cookie: 'session=' }]) {
      for (const backend of backends) backend.reset()
      await together(45, (i) => lb.get(`/books/${i}`, { headers }))
      tell(backends, Math.min(...counts(backends)) < 3)
      expect(
        Math.min(...counts(backends)),
        `45 requests with ${JSON.stringify(headers)}, that is without a session: the backends got ${counts(backends).join(', ')}. Each must get at least 3 (what does the key look like, when the cookie is not there?)`,
      ).toBeGreaterThanOrEqual(3)
    }
  })

  test('sessions move when their backend dies, and only those', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const sessions = Array.from({ length: 15 }, () => random.hex(24))
    const homes = new Map<string, number | undefined>()
    for (const session of sessions) homes.set(session, writer(await visit(lb, session)))
    const dead = homes.get(sessions[0]!)!
    await backends[dead - 1]!.down()
    note(`BACKEND_${dead} is down, and REST is 60s`)
    for (let round = 0; round < 3; round++) {
      for (const session of sessions) {
        const answer = await visit(lb, session)
        expect(answer, 'two backends are well').toHaveStatus(200)
        const home = homes.get(session)
        if (home === dead) homes.set(session, writer(answer))
        else {
          const why =
            round === 0 ? 'and is well' : 'in the round before, and all that is well then has not changed since'
          tell(backends, writer(answer) !== home)
          expect(
            `BACKEND_${writer(answer)}`,
            `the session ${session.slice(0, 8)}... was with BACKEND_${home} ${why}`,
          ).toBe(`BACKEND_${home}`)
        }
      }
    }
  })
})

step('logins', () => {
  test('nine logins at once pass without delay, the rest gets 429', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const { passed, refused, most } = await burst(lb, 20)
    tell(backends)
    expect(passed.length, '20 logins at once: 2 a second, and 8 more at once (so 1 + 8 pass)').toBeGreaterThanOrEqual(9)
    expect(passed.length, `20 logins at once: 2 a second, and 8 more at once (so 1 + 8 pass)`).toBeLessThanOrEqual(most)
    for (const answer of passed) expect(answer, 'the ones within the limit are not slowed down').toTakeAtMost(1500)
    for (const answer of refused) {
      expect(answer).toAnswer(429, error)
      expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
      expect(answer, 'in whole seconds').toHaveHeader('retry-after', /^[1-9]\d*$/)
      expect(answer, 'like every other answer').toHaveHeader('x-request-id')
    }
    expect(total(backends), 'what is refused does not reach a backend').toBe(passed.length)
  })

  test('after a while logins pass again', async ({ nginx, newUpstream }) => {
    const { lb } = await balanceWith({ nginx, newUpstream })()
    await burst(lb, 14)
    await sleep(650)
    const why = 'too many logins came, then none for more than half a second: 2 a second are allowed, so one may pass'
    expect(await login(lb), why).toHaveStatus(200)
  })

  test('nobody gets around it with a made-up address', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const { passed, most } = await burst(lb, 20, () => {
      const address = `203.0.113.${random.int(1, 254)}`
      return { 'x-forwarded-for': address, 'x-real-ip': address, forwarded: `for=${address}` }
    })
    tell(backends)
    expect(
      passed.length,
      '20 logins at once over connections from one address, each with another X-Forwarded-For: count the address of the connection',
    ).toBeLessThanOrEqual(most)
    expect(passed.length, 'for this address 9 logins are within the limit').toBeGreaterThanOrEqual(9)
  })

  test('other clients and other pages are not limited', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    await burst(lb, 14)
    const answers = await together(30, (i) => lb.get(`/books/${i}`))
    for (const answer of answers) expect(answer, 'only /login is limited').toHaveStatus(200)
    if (nginx.driver !== 'native') return
    const status = await loginFrom('127.0.0.2', lb)
    // Not every system lets a client choose another loopback address.
    if (status === undefined) return
    note('the client at 127.0.0.1 has just used up its logins; this one comes from 127.0.0.2')
    tell(backends)
    expect(status, 'each client address has a limit of its own (status of POST /login)').toBe(200)
  })
})

step('events', () => {
  test('events arrive one by one', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    all(backends, { body: 'data: 12345\n\n', drip: 60, headers: { 'content-type': 'text/event-stream' } })
    const client = await lb.connect()
    await client.write(`GET /events/${random.word()} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`)
    await client.read('\r\n\r\n')
    await client.read('d')
    const stillSending = backends.reduce((sum, { inFlight }) => sum + inFlight, 0)
    client.destroy()
    note('a backend sends a byte every 60 ms, 13 in all')
    expect(
      stillSending,
      'the first byte reached the client only when the backend had sent the last: something collects them on the way (backends that are still sending when the client gets the first byte)',
    ).toBe(1)
  })

  test('events may be rare', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })({ timeout: '200ms' })
    all(backends, { body: 'data: 1\n\n', delay: 700, headers: { 'content-type': 'text/event-stream' } })
    const answer = await lb.get(`/events/${random.word()}`, { deadline: 5000 })
    expect(answer, 'TIMEOUT is 200ms, the first event came after 700 ms: on /events TIMEOUT does not count').toAnswer(
      200,
      'data: 1\n\n',
    )
  })
})

step('connections', () => {
  test('connections to the backends are used again', async ({ nginx, newUpstream, tap }) => {
    const taps: Awaited<ReturnType<typeof tap>>[] = []
    const { lb, backends } = await balanceWith({ nginx, newUpstream })({
      before: async ({ port }) => {
        const it = await tap({ port })
        taps.push(it)
        return it.port
      },
    })
    const client = await lb.connect()
    for (let i = 0; i < 24; i++) {
      await client.write(`GET /books/${i} HTTP/1.1\r\nHost: shop.example\r\n\r\n`)
      expect(await client.answer(), 'a client may send several requests over one connection').toHaveStatus(200)
    }
    client.destroy()
    tell(backends)
    const connections = taps.map((it) => it.connections.length)
    expect(
      connections.reduce((sum, count) => sum + count, 0),
      `24 requests, one after the other: ${connections.join(', ')} connections were made to the three backends. More than 6 in all are too many`,
    ).toBeLessThanOrEqual(6)
  })
})

function visit(lb: Balancer['lb'], session: string, other = ''): Promise<Answer> {
  return lb.get(`/cart/${session.slice(0, 6)}`, { headers: { cookie: `${other}session=${session}` } })
}

function login(lb: Balancer['lb'], headers: Record<string, string> = {}): Promise<Answer> {
  return lb.post('/login', { json: { name: 'ada' }, headers, deadline: 8000 })
}

async function burst(lb: Balancer['lb'], n: number, headers: () => Record<string, string> = () => ({})) {
  const start = performance.now()
  const answers = await together(n, () => login(lb, headers()))
  const seconds = (performance.now() - start) / 1000
  const passed = answers.filter(({ status }) => status === 200)
  const refused = answers.filter(({ status }) => status !== 200)
  note(`${n} logins at once: ${passed.length} x 200, ${refused.length} x ${refused[0]?.status ?? 'refused'}`)
  // Time passes while they come in, and 2 more each second are allowed.
  return { passed, refused, most: 10 + Math.ceil(seconds * 2) }
}

/** The status of a login from another address of this machine; undefined where there is none. */
function loginFrom(localAddress: string, { host, port }: { host: string; port: number }): Promise<number | undefined> {
  return new Promise((resolve) => {
    const outgoing = request({ host, port, localAddress, method: 'POST', path: '/login', agent: false, timeout: 3000 })
    outgoing.once('response', (incoming) => {
      incoming.resume()
      resolve(incoming.statusCode)
    })
    outgoing.once('error', () => resolve(undefined))
    outgoing.once('timeout', () => outgoing.destroy())
    outgoing.end()
  })
}
