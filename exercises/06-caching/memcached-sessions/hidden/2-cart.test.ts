import { expect } from 'vitest'
import { type Random, sleep, step, withApp } from 'learn-backend/kit'
import {
  add,
  as,
  cartOf,
  error,
  expectCart,
  expectIn,
  expectOut,
  instance,
  login,
  people,
  stored,
  settings,
} from './shop.ts'

/** One program for the tests of this file, where they do not start their own. */
const test = withApp(settings())

step('expiry', () => {
  test('everything in Memcached expires', async ({ start, memcached, random }) => {
    const { users, name } = people(random)
    const sessionTtl = random.int(1000, 9000)
    const app = await instance(start, { sessionTtl })
    const sid = await login(app, users, name)
    const look = async (when: string) => {
      const items = await stored(memcached)
      for (const { key, ttl } of items) {
        const what = `the item ${JSON.stringify(key)} in Memcached, ${when}, with SESSION_TTL=${sessionTtl}`
        expect(ttl, `${what}: seconds until it expires (undefined: it never does)`).toBeDefined()
        expect(ttl, `${what}: seconds until it expires`).toBeLessThan(sessionTtl + 10)
      }
      const longest = Math.max(0, ...items.map(({ ttl }) => ttl ?? 0))
      const why = `seconds until the last of your ${items.length} items in Memcached expires, ${when}, with SESSION_TTL=${sessionTtl}`
      expect(longest, why).toBeGreaterThan(sessionTtl - 30)
    }
    await look('after a login')
    await expectIn([app], sid, name, 'a session')
    await look('after GET /me')
    cartOf(await add(app, sid, [{ sku: 'tea', count: 1 }]), 'something for the cart')
    await look('after POST /cart')
    await app.get('/cart', as(sid))
    await look('after GET /cart')
    await app.post('/logout', as(sid))
    await login(app, users, name)
    await look('after a logout and another login')
  })

  test('a session without use ends, each use starts the time anew', async ({ start, random }) => {
    // A user for each session, so that none can live on what another one has.
    const { users, names } = people(random, 4)
    const short = await instance(start, { sessionTtl: 2 })
    const long = await instance(start, { sessionTtl: 600 })
    const uses = [
      { what: 'GET /me', use: (sid: string) => long.get('/me', as(sid)) },
      { what: 'GET /cart', use: (sid: string) => long.get('/cart', as(sid)) },
      { what: 'POST /cart', use: (sid: string) => add(long, sid, [{ sku: 'tea', count: 1 }]) },
    ]
    // Once for nothing: the first requests of a program are slow, and the times below are short.
    for (const app of [short, long]) await add(app, await login(app, users, names[3]!), [{ sku: 'tea', count: 1 }])
    const sids: string[] = []
    for (const [i, { what, use }] of uses.entries()) {
      const sid = await login(short, users, names[i]!)
      expect(await use(sid), `${what} right after the login`).toHaveStatus(200)
      sids.push(sid)
    }
    const unused = await login(short, users, names[3]!)
    await sleep(3200)
    await expectOut([long], unused, 'SESSION_TTL was 2 at the login, and nobody has used the session for 3 seconds')
    for (const [i, { what }] of uses.entries()) {
      const why = `SESSION_TTL was 2 at the login, then came a ${what} through an instance with SESSION_TTL=600. That starts 600 seconds from then on, and 3 have passed`
      await expectIn([long], sids[i]!, names[i]!, why)
    }
  })

  test('a session may last up to a year', async ({ start, memcached, random }) => {
    const { users, name } = people(random)
    const day = 24 * 60 * 60
    for (const sessionTtl of [30 * day, random.int(31 * day, 360 * day)]) {
      const app = await instance(start, { sessionTtl })
      const sid = await login(app, users, name)
      const why =
        `SESSION_TTL is ${sessionTtl} (${Math.round(sessionTtl / day)} days), and the session is a moment old. How does Memcached understand ` +
        'large expiry times?'
      await expectIn([app], sid, name, why)
      await expectIn([app], sid, name, why)
      cartOf(await add(app, sid, [{ sku: 'tea', count: 1 }]), why)
      await expectCart(app, sid, new Map([['tea', 1]]), why)
      await expectIn([app], sid, name, why)
      const ttls = (await stored(memcached)).map(({ ttl }) => ttl ?? Infinity)
      expect(
        Math.max(...ttls),
        `seconds until the last item in Memcached expires; SESSION_TTL is ${sessionTtl}`,
      ).toBeLessThan(sessionTtl + 60)
      expect(
        Math.max(...ttls),
        `seconds until the last item in Memcached expires; SESSION_TTL is ${sessionTtl}`,
      ).toBeGreaterThan(sessionTtl - 60)
    }
  })
})

step('cart', () => {
  test('what is added sums up', async ({ app, random }) => {
    const { users, name } = people(random)
    const [mine, other] = [await login(app, users, name), await login(app, users, name)]
    await expectCart(app, mine, new Map(), 'nothing was added')
    const expected = new Map<string, number>()
    const skus = random.words(3).split(' ')
    for (let i = 0; i < 4; i++) {
      const items = Array.from({ length: random.int(1, 4) }, () => ({
        sku: random.pick(skus),
        count: random.int(1, 1000),
      }))
      for (const { sku, count } of items) expected.set(sku, (expected.get(sku) ?? 0) + count)
      const answer = await add(app, mine, items)
      expect(
        Object.fromEntries(cartOf(answer, 'the answer is the whole cart')),
        'the answer is the whole cart',
      ).toEqual(Object.fromEntries(expected))
      await expectCart(app, mine, expected, `${i + 1} requests have added something`)
    }
    await expectCart(app, other, new Map(), 'another session of the same user has a cart of its own')
    await expectIn([app], mine, name, 'the session is still open')
  })

  test('a sku is any text', async ({ app, random }) => {
    const { users, name } = people(random)
    const sid = await login(app, users, name)
    const skus = [
      '__proto__',
      'constructor',
      'toString',
      ' ',
      '0',
      '\r\n',
      '\u0000',
      'a b',
      'END\r\n',
      '"',
      '\\',
      'é',
      'é',
      random.unicode(),
    ]
    skus.push('x'.repeat(200), '漢'.repeat(200), `${random.unicode()}\r\nset x 0 0 1\r\n1\r\n`)
    const expected = new Map<string, number>()
    for (const sku of new Set(random.shuffle(skus))) {
      const count = random.int(1, 1000)
      expected.set(sku, count)
      cartOf(await add(app, sid, [{ sku, count }]), 'a sku is any text of up to 200 characters')
    }
    await expectCart(app, sid, expected, 'each sku is another one, and all are texts')
  })

  test('bad items are refused, and nothing is added', async ({ app, random }) => {
    const { users, name } = people(random)
    const sid = await login(app, users, name)
    await add(app, sid, [{ sku: 'tea', count: 1 }])
    const good = { sku: random.word(), count: 2 }
    const bad: unknown[] = [
      ...[0, -1, 1.5, 1001, '1', null, true].map((count) => ({ sku: 'tea', count })),
      ...['', 7, null, ['tea'], 'x'.repeat(1000)].map((sku) => ({ sku, count: 1 })),
      { count: 1 },
      { sku: 'tea' },
      {},
      null,
      'tea',
    ]
    const bodies = bad.flatMap((item) => [{ items: [item] }, { items: [good, item] }])
    const others = [null, [], {}, { items: [] }, { items: good }, { items: Array.from({ length: 101 }, () => good) }]
    for (const json of [...bodies, ...others]) {
      const answer = await app.post('/cart', { ...as(sid), json })
      expect(
        answer,
        'an item is {"sku": a text of 1 to 200 characters, "count": a whole number from 1 to 1000}',
      ).toAnswer(400, error)
    }
    const answer = await app.post('/cart', {
      headers: { ...as(sid).headers, 'content-type': 'application/json' },
      body: '{"items":',
    })
    expect(answer, 'this is not JSON').toAnswer(400, error)
    await expectCart(app, sid, new Map([['tea', 1]]), 'all later requests were refused: nothing of them is in the cart')
  })

  test('a full cart is big, and stays as it is', async ({ app, random }) => {
    const { users, name } = people(random)
    const sid = await login(app, users, name)
    const expected = new Map<string, number>()
    for (let i = 0; i < 5; i++) {
      const items = Array.from({ length: 100 }, () => ({ sku: bigSku(random), count: random.int(1, 9) }))
      for (const { sku, count } of items) expected.set(sku, count)
      expect(await add(app, sid, items), `100 items are added to a cart of ${i * 100}`).toHaveStatus(200)
    }
    await expectCart(app, sid, expected, 'five requests have each added 100 items')
    const why = 'the cart has 500 different sku already'
    expect(await add(app, sid, [{ sku: 'one more', count: 1 }]), why).toAnswer(422, error)
    const [first = ''] = expected.keys()
    expect(
      await add(app, sid, [
        { sku: first, count: 1 },
        { sku: 'one more', count: 1 },
      ]),
      why,
    ).toAnswer(422, error)
    await expectCart(app, sid, expected, 'the last requests were refused: the cart is as before')
    expected.set(first, expected.get(first)! + 1)
    expect(await add(app, sid, [{ sku: first, count: 1 }]), 'more of what is in the cart already').toHaveStatus(200)
    await expectCart(app, sid, expected, 'one more of what was in the cart already')
  })
})

function bigSku(random: Random): string {
  return `${random.uuid()} ${random.unicode()} ${'漢'.repeat(200)}`.slice(0, 190)
}
