import { expect } from 'vitest'
import { type Answer, type App, sleep, step, together, withApp } from 'learn-backend/kit'
import {
  add,
  as,
  cartOf,
  error,
  expectCart,
  expectIn,
  expectOut,
  inBackground,
  instance,
  login,
  people,
  poll,
  stored,
  settings,
  waitFor,
} from './shop.ts'

/** One program for the tests of this file, where they do not start their own. */
const test = withApp(settings())

interface Link {
  connections: { received: Buffer }[]
  delay(ms: number): void
  restore(): void
}

/**
 * Sends a request through an instance whose way to Memcached is slow, and comes back when Memcached has answered its first command.
 * What the instance does next is based on that answer, and still to come.
 */
async function inTheMidst(link: Link, send: () => Promise<Answer>): Promise<Promise<Answer>[]> {
  const heard = () => link.connections.reduce((sum, { received }) => sum + received.length, 0)
  link.delay(100)
  const before = heard()
  const answer = inBackground(send())
  await waitFor(() => heard() > before)
  // In a list, since a promise that is returned would be awaited.
  return [answer]
}

step('concurrent', () => {
  test('many add at once through two instances, and nothing is lost', async ({ app, start, random }) => {
    const { users, name } = people(random)
    const [a, b] = [app, await instance(start)]
    const sid = await login(a, users, name)
    const skus = random.words(3).split(' ')
    const expected = new Map<string, number>()
    const items = Array.from({ length: 30 }, () => ({ sku: random.pick(skus), count: random.int(1, 9) }))
    for (const { sku, count } of items) expected.set(sku, (expected.get(sku) ?? 0) + count)
    const answers = await together(items.length, (i) => add([a, b][i % 2]!, sid, [items[i]!], 8000))
    for (const answer of answers) expect(answer, `${items.length} requests of one session at once`).toHaveStatus(200)
    const why =
      `${items.length} requests of one session came at once through two instances, each added something and was answered with 200. When two ` +
      'read the same cart, and both store theirs, the first one is lost: only store what has not changed since you read it'
    await expectCart(a, sid, expected, why)
    await expectCart(b, sid, expected, why)
  })

  for (const path of ['/me', '/cart']) {
    test(`GET ${path} undoes nothing that is added meanwhile`, async ({ app, start, memcached, random }) => {
      const { users, name } = people(random)
      const slow = await memcached.newLink()
      const [a, b] = [await instance(start, { env: slow.env }), app]
      const sid = await login(a, users, name)
      await expectIn([a, b], sid, name, 'a session')
      const [reading] = await inTheMidst(slow, () => a.get(path, { ...as(sid), deadline: 8000 }))
      const sku = random.word()
      cartOf(await add(b, sid, [{ sku, count: 2 }]), 'added through the other instance')
      expect(await reading).toHaveStatus(200)
      const why = `while GET ${path} was on its way through one instance, the other one added this to the cart and answered 200. Does GET ${path} store the session it has read?`
      await expectCart(b, sid, new Map([[sku, 2]]), why)
    })
  }

  const underWay: [what: string, send: (app: App, sid: string) => Promise<Answer>][] = [
    ['GET /me', (app, sid) => app.get('/me', { ...as(sid), deadline: 8000 })],
    ['GET /cart', (app, sid) => app.get('/cart', { ...as(sid), deadline: 8000 })],
    ['POST /cart', (app, sid) => add(app, sid, [{ sku: 'tea', count: 1 }], 8000)],
  ]
  for (const [what, send] of underWay) {
    test(`${what} does not bring back a session that is logged out meanwhile`, async ({
      app,
      start,
      memcached,
      random,
    }) => {
      const { users, name } = people(random)
      const slow = await memcached.newLink()
      const [a, b] = [await instance(start, { env: slow.env }), app]
      const sid = await login(a, users, name)
      await expectIn([a, b], sid, name, 'a session')
      const [answer] = await inTheMidst(slow, () => send(a, sid))
      expect(await b.post('/logout', as(sid))).toHaveStatus(204)
      expect(
        await answer,
        'a logout came in the midst of this request: as if before or after it, both are fine',
      ).toHaveStatus([200, 401])
      slow.restore()
      const why = `${what} was on its way through one instance when the session was logged out through the other one. Is the session stored again, although it is gone?`
      await expectOut([b, a], sid, why)
    })
  }
})

step('everywhere', () => {
  test('all sessions of the user end, wherever they were opened', async ({ app, start, random }) => {
    const { users, names } = people(random, 3)
    const [a, b] = [app, await instance(start)]
    const [name = '', ...others] = names
    const mine: string[] = []
    for (const app of [a, b, a, b]) mine.push(await login(app, users, name))
    const theirs = [await login(a, users, others[0]!), await login(b, users, others[1]!)]
    for (const sid of mine) await expectIn([a, b], sid, name, 'a session')
    expect(await b.post('/logout-everywhere', as(mine[0]!))).toHaveStatus(204)
    for (const sid of mine) await expectOut([a, b], sid, 'the user has logged out everywhere')
    for (const [i, sid] of theirs.entries())
      await expectIn([a, b], sid, others[i]!, 'another user has logged out everywhere')
    const next = await login(a, users, name)
    await expectIn([a, b], next, name, 'a new login, after the user has logged out everywhere')
    for (const sid of mine)
      await expectOut(
        [a, b],
        sid,
        'the user has logged out everywhere, and then logged in again. The old sessions stay ended',
      )
    expect(await a.post('/logout-everywhere', as(next)), 'once more').toHaveStatus(204)
    await expectOut([b, a], next, 'the user has logged out everywhere again')
  })

  test('it takes a session to do that', async ({ app, random }) => {
    const { users, name } = people(random)
    const sid = await login(app, users, name)
    const ended = await login(app, users, name)
    expect(await app.post('/logout', as(ended))).toHaveStatus(204)
    for (const options of [{}, as(random.hex(32)), as(ended)]) {
      expect(await app.post('/logout-everywhere', options), 'without a session').toAnswer(401, error)
    }
    await expectIn([app], sid, name, 'nobody with a session of this user has logged out everywhere')
  })

  test('users with odd names are not mixed up', async ({ start, random }) => {
    const word = random.word()
    const names = [
      word,
      word.toUpperCase(),
      `${word} `,
      `${word}:${word}`,
      `${'漢'.repeat(99)}a`,
      `${'漢'.repeat(99)}b`,
    ]
    const users = Object.fromEntries(names.map((name) => [name, random.words(2)]))
    const app = await instance(start, { users })
    const sids: string[] = []
    for (const name of names) sids.push(await login(app, users, name))
    for (const [i, name] of names.entries()) {
      await expectIn([app], sids[i]!, name, 'others have logged out everywhere, not this user')
      expect(await app.post('/logout-everywhere', as(sids[i]!))).toHaveStatus(204)
      await expectOut([app], sids[i]!, 'this user has logged out everywhere')
    }
  })

  test('sessions that were opened at the same time are good, and all end', async ({ app, start, random }) => {
    const { users, name } = people(random)
    const apps = [app, await instance(start)]
    const sids = await together(12, (i) => login(apps[i % 2]!, users, name))
    for (const sid of sids) await expectIn(apps, sid, name, '12 logins of the same user at once, all answered with 200')
    expect(await app.post('/logout-everywhere', as(sids[5]!))).toHaveStatus(204)
    for (const sid of sids)
      await expectOut(apps, sid, '12 logins of the same user at once, then the user has logged out everywhere')
  })

  test('sessions that have ended do not come back when Memcached forgets something', async ({
    app,
    start,
    memcached,
    random,
  }) => {
    const { users, name } = people(random)
    const [a, b] = [app, await instance(start)]
    const sids = [await login(a, users, name), await login(b, users, name)]
    expect(await a.post('/logout-everywhere', as(sids[0]!))).toHaveStatus(204)
    const now = await login(a, users, name)
    await expectIn([b], now, name, 'a new login, after the user has logged out everywhere')
    for (const { key } of await stored(memcached)) {
      const { value } = await memcached.client.get(key)
      await memcached.client.delete(key)
      for (const sid of sids) {
        await expectOut(
          [a, b],
          sid,
          `the user has logged out everywhere. Then Memcached has thrown out the item ${JSON.stringify(key)}: better to end too much than to bring it back`,
        )
      }
      if (value) await memcached.client.set(key, value, { expires: 600 })
    }
  })
})

step('gone', () => {
  const timeoutMs = 200
  /** What an answer may take, with MEMCACHED_TIMEOUT_MS of 200: enough for a slow machine. */
  const soon = 2000

  for (const trouble of ['cut', 'hangs'] as const) {
    const title = {
      cut: 'the connections to Memcached break, and new ones are refused',
      hangs: 'Memcached does not answer any more',
    }[trouble]
    test(title, async ({ start, memcached, random }) => {
      const { users, name } = people(random)
      const app = await instance(start, { timeoutMs })
      const sid = await login(app, users, name)
      await expectIn([app], sid, name, 'a session')
      if (trouble === 'cut') memcached.link.cut()
      else memcached.link.blackhole()
      const why = `${title}: nobody can know whether this session is good`
      const requests: [string, () => Promise<Answer>][] = [
        ['GET /me', () => app.get('/me', as(sid))],
        ['GET /cart', () => app.get('/cart', as(sid))],
        ['POST /cart', () => add(app, sid, [{ sku: 'tea', count: 1 }])],
        ['POST /logout', () => app.post('/logout', as(sid))],
        ['POST /logout-everywhere', () => app.post('/logout-everywhere', as(sid))],
        ['POST /login', () => app.post('/login', { json: { user: name, password: users[name] } })],
      ]
      for (const [what, send] of requests) {
        const answer = await send()
        expect(answer, what === 'POST /login' ? `${title}: the session can't be stored` : why).toAnswer(503, error)
        expect(answer, 'a client wants to know when to come again').toHaveHeader('retry-after', /^[1-9]\d*$/)
        expect(answer, `${title}; MEMCACHED_TIMEOUT_MS is ${timeoutMs}`).toTakeAtMost(soon)
        const cookie = answer.headers['set-cookie']
        expect(
          cookie,
          `${title}: the client should keep its cookie, the session may be good (Set-Cookie)`,
        ).toBeUndefined()
      }
      const anonymous = await app.get('/me')
      expect(anonymous, 'without a cookie').toHaveStatus([401, 503])
      const wrong = await app.post('/login', { json: { user: name, password: 'wrong' } })
      expect(wrong, 'a wrong password').toHaveStatus([401, 503])
      for (const options of [{}, as(sid)]) {
        const answer = await app.get('/catalog', options)
        expect(answer, `${title}, and this page needs no session`).toHaveStatus(200)
        expect(answer).toContainJson({ products: ['tea', 'coffee', 'cocoa'] })
        expect(answer, 'this page needs nothing from Memcached').toTakeAtMost(soon)
      }
    })
  }

  test('many requests while Memcached hangs do not pile up', async ({ start, memcached, random }) => {
    const { users, name } = people(random)
    const app = await instance(start, { timeoutMs })
    const sid = await login(app, users, name)
    memcached.link.blackhole()
    const answers = await together(20, (i) => app.get(i % 4 === 0 ? '/catalog' : '/me', as(sid)))
    for (const [i, answer] of answers.entries()) {
      expect(answer, 'Memcached does not answer, and 20 requests came at once').toHaveStatus(i % 4 === 0 ? 200 : 503)
      expect(answer, `20 requests came at once; MEMCACHED_TIMEOUT_MS is ${timeoutMs}`).toTakeAtMost(soon)
    }
  })

  for (const trouble of ['cut', 'hangs'] as const) {
    const title = { cut: 'the connection comes back', hangs: 'Memcached answers again' }[trouble]
    test(`${title}, and the sessions are still there`, async ({ start, memcached, random }) => {
      const { users, name } = people(random)
      const app = await instance(start, { timeoutMs })
      const sid = await login(app, users, name)
      cartOf(await add(app, sid, [{ sku: 'tea', count: 2 }]), 'a session')
      if (trouble === 'cut') memcached.link.cut()
      else memcached.link.blackhole()
      for (let i = 0; i < 3; i++) expect(await app.get('/me', as(sid)), 'Memcached is gone').toHaveStatus(503)
      memcached.link.restore()
      const me = await poll(
        () => app.get('/me', as(sid)),
        ({ status }) => status !== 503,
      )
      expect(me, `${title}, for up to five seconds`).toHaveStatus(200)
      await expectCart(app, sid, new Map([['tea', 2]]), title)
      for (let i = 0; i < 5; i++) await expectIn([app], sid, name, `${title}: all is well again`)
    })
  }

  test('Memcached is started again, and is empty', async ({ start, memcached, random }) => {
    const { users, name } = people(random)
    const [a, b] = await Promise.all([instance(start, { timeoutMs }), instance(start, { timeoutMs })])
    const sid = await login(a, users, name)
    await expectIn([a, b], sid, name, 'a session')
    await memcached.stop()
    expect(await a.get('/me', as(sid)), 'the Memcached server was killed').toHaveStatus(503)
    await sleep(100)
    await memcached.start()
    for (const app of [a, b]) {
      const me = await poll(
        () => app.get('/me', as(sid)),
        ({ status }) => status !== 503,
      )
      expect(me, 'for up to five seconds Memcached has been back. It is empty').toAnswer(401, error)
    }
    const next = await login(a, users, name)
    await expectIn([b, a], next, name, 'a new session, after Memcached was started again')
  })

  test('starts although Memcached is not there', async ({ start, memcached, random }) => {
    const { users, name } = people(random)
    memcached.link.cut()
    const app = await instance(start, { timeoutMs })
    expect(await app.get('/catalog'), 'Memcached was never there').toHaveStatus(200)
    expect(await app.get('/me', as(random.hex(32))), 'Memcached was never there').toAnswer(503, error)
    memcached.link.restore()
    const answer = await poll(
      () => app.post('/login', { json: { user: name, password: users[name] } }),
      ({ status }) => status !== 503,
    )
    expect(answer, 'for up to five seconds Memcached has been there').toHaveStatus(200)
  })
})
