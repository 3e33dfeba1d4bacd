import { expect } from 'vitest'
import { note, sleep, step, test, together } from 'learn-backend/kit'
import { all, askUntil, balanceWith, onlyRequest, tell, total } from './balancer.ts'

/** A client may have the whole answer a moment before nginx has put it in its place in the cache. */
const isStored = () => sleep(100)

const minute = { 'cache-control': 'max-age=60' }

step('cache', () => {
  test('an answer with max-age is kept', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (const control of ['max-age=60', 'public, max-age=60']) {
      for (const backend of backends) backend.reset()
      const page = { title: random.unicode() }
      all(backends, { json: page, headers: { 'cache-control': control, etag: `"${random.hex(8)}"` } })
      const path = `/pages/${random.word()}?${random.hex(8)}`
      const first = await lb.get(path)
      expect(first).toAnswer(200, page)
      expect(first, 'the first time a backend is asked').toHaveHeader('x-cache', 'MISS')
      await isStored()
      all(backends, { json: { title: 'a newer version' } })
      for (let i = 0; i < 3; i++) {
        const again = await lb.get(path)
        expect(again, `the answer said "Cache-Control: ${control}" a moment ago`).toAnswer(200, page)
        expect(again).toHaveHeader('x-cache', 'HIT')
        expect(again).toHaveHeader('content-type', /^application\/json/)
      }
      onlyRequest(backends)
    }
  })

  test('what was kept needs no backend, and each answer has an id of its own', async ({
    nginx,
    newUpstream,
    random,
  }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    all(backends, { json: ['a'], headers: minute })
    await lb.get('/pages/1')
    await isStored()
    for (const backend of backends) await backend.down()
    const id = random.uuid()
    const answer = await lb.get('/pages/1', { headers: { 'x-request-id': id } })
    expect(answer, 'all backends are down').toAnswer(200, ['a'])
    expect(answer, 'the id of this request, not of the one whose answer was kept').toHaveHeader('x-request-id', id)
  })

  test('other paths, queries and hosts are other pages', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const reply = (request: { path: string; headers: Record<string, string> }) => ({
      json: { host: request.headers['host'], path: request.path },
      headers: minute,
    })
    for (const backend of backends) backend.respond(reply)
    const [a, b] = [random.word(), `${random.word()}x`]
    for (let round = 0; round < 2; round++) {
      for (const host of [`${a}.example`, `${b}.example`, `${a}.example:8080`]) {
        for (const path of ['/pages', '/pages?p=1', '/pages?p=2', '/Pages', '/pages/']) {
          const answer = await lb.get(path, { headers: { host } })
          expect(
            answer,
            `Host: ${host}. Two hosts may be two sites, so an answer for one is no answer for the other`,
          ).toAnswer(200, { host, path })
        }
      }
    }
  })

  test('many ask for the same page at once, a backend is asked once', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const page = { title: random.word() }
    all(backends, { json: page, headers: minute, delay: 150 })
    for (const answer of await together(20, () => lb.get('/pages/hot', { deadline: 8000 })))
      expect(answer).toAnswer(200, page)
    tell(backends)
    expect(
      total(backends),
      '20 clients asked for one page that was not kept yet: one of them is sent to a backend, the others wait for its answer',
    ).toBe(1)
  })
})

step('private', () => {
  test('nothing is kept without max-age, or against the will of the backend', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const controls = [undefined, 'private, max-age=60', 'no-store', 'no-cache', 'no-store, max-age=60', 'max-age=0']
    for (const [i, control] of controls.entries()) {
      const headers: Record<string, string> = control === undefined ? {} : { 'cache-control': control }
      for (let version = 1; version <= 2; version++) {
        all(backends, { json: { version }, headers })
        const why = `the answers say ${control === undefined ? 'nothing about caching' : `"Cache-Control: ${control}"`}: nothing may be kept`
        expect(await lb.get(`/pages/${i}`), why).toAnswer(200, { version })
      }
    }
  })

  test('an answer that sets a cookie is kept from all others', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (let visitor = 1; visitor <= 2; visitor++) {
      const cookie = `session=${random.hex(24)}`
      all(backends, { json: { visitor }, headers: { ...minute, 'set-cookie': cookie } })
      const answer = await lb.get('/welcome')
      const why =
        'the answer says max-age=60 and sets a cookie: to keep it is to give one visitor the session of another'
      expect(answer, why).toAnswer(200, { visitor })
      expect(answer).toHaveHeader('set-cookie', cookie)
    }
  })

  test('requests with Authorization or a session are between client and backend', async ({
    nginx,
    newUpstream,
    random,
  }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const people = [
      { authorization: `Bearer ${random.hex(24)}` },
      { cookie: `session=${random.hex(24)}` },
      { cookie: `theme=dark; session=${random.hex(24)}` },
    ]
    for (const [i, headers] of people.entries()) {
      const path = `/account/${i}`
      const personal = JSON.stringify(headers)
      all(backends, { json: { version: 1 }, headers: minute })
      await lb.get(path, { headers })
      all(backends, { json: { version: 2 }, headers: minute })
      expect(
        await lb.get(path),
        `the request before had ${personal}: its answer was made for one person and must not be kept for this one, who has nothing of the sort`,
      ).toAnswer(200, { version: 2 })
      all(backends, { json: { version: 3 }, headers: minute })
      expect(
        await lb.get(path, { headers }),
        `this request has ${personal}: it gets an answer of its own, not one that was kept for others`,
      ).toAnswer(200, { version: 3 })
    }
  })

  test('languages are kept apart', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (const backend of backends) {
      backend.respond(({ headers }) => ({
        json: { language: headers['accept-language'] },
        headers: { ...minute, vary: 'Accept-Language' },
      }))
    }
    for (const language of ['de', 'fr', 'de', 'fr']) {
      const answer = await lb.get('/pages/1', { headers: { 'accept-language': language } })
      expect(answer, `Accept-Language: ${language}, and the answers say "Vary: Accept-Language"`).toAnswer(200, {
        language,
      })
    }
  })

  test('a POST is always for a backend', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (let version = 1; version <= 3; version++) {
      all(backends, { json: { version }, headers: minute })
      expect(await lb.post('/pages/1', { json: {} }), 'a POST is neither kept nor answered from what is').toAnswer(
        200,
        { version },
      )
    }
    all(backends, { json: { version: 4 }, headers: minute })
    expect(await lb.get('/pages/1'), 'the answers to a POST before are no answer to a GET').toAnswer(200, {
      version: 4,
    })
  })
})

step('stale', () => {
  test('an old answer is fetched anew, but better than none', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const page = { version: 1, title: random.unicode() }
    const [a, b] = [`/pages/${random.word()}/a`, `/pages/${random.word()}/b`]
    all(backends, { json: page, headers: { 'cache-control': 'max-age=1' } })
    await lb.get(a)
    await lb.get(b)
    note('the first answers said "Cache-Control: max-age=1"')
    all(backends, { json: { version: 2 }, headers: minute })
    const fresh = await askUntil(
      () => lb.get(a),
      ({ text }) => text.includes('"version":2'),
    )
    expect(fresh, 'after max-age a backend is asked again, and all are well').toAnswer(200, { version: 2 })
    expect(fresh).not.toHaveHeader('x-cache', 'HIT')

    await backends[0].down()
    backends[1].respond({ fault: 'reset' })
    backends[2].respond({ status: 503, json: { reason: 'shutting down' } })
    note('now BACKEND_1 is down, BACKEND_2 breaks off, BACKEND_3 answers 503')
    for (let i = 0; i < 3; i++) {
      const stale = await askUntil(
        () => lb.get(b),
        (it) => it.status !== 200 || it.headers['x-cache'] !== 'HIT',
      )
      expect(stale, 'max-age is over, no backend can answer, but an old answer is there').toAnswer(200, page)
      expect(stale, 'the client may know').toHaveHeader('x-cache', 'STALE')
    }
    const other = await lb.get(`${a}/other`)
    expect(other, 'for this page nothing was kept, and no backend can answer').toHaveStatus([502, 503])
  })
})
