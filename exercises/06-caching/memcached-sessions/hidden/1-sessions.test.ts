import { expect } from 'vitest'
import { step, together, withApp } from 'learn-backend/kit'
import {
  as,
  cartOf,
  cookieOf,
  error,
  expectCart,
  expectIn,
  expectOut,
  add,
  instance,
  login,
  people,
  stored,
  settings,
} from './shop.ts'

/** One program for the tests of this file, where they do not start their own. */
const test = withApp(settings())

step('public', () => {
  test('GET /catalog is for everybody', async ({ app, random }) => {
    const catalog = expect.objectContaining({ products: ['tea', 'coffee', 'cocoa'] })
    expect(await app.get('/catalog')).toAnswer(200, catalog)
    expect(await app.get('/catalog', as(random.hex(32))), 'with an unknown session').toAnswer(200, catalog)
  })
})

step('login', () => {
  test('a login opens a session', async ({ app, random }) => {
    const { users, names } = people(random, 2)
    for (const name of names) {
      const answer = await app.post('/login', { json: { user: name, password: users[name], more: [1] } })
      expect(answer).toHaveStatus(200)
      expect(answer).toContainJson({ user: name })
      expect(answer, 'the cookie is named sid, and has a value').toHaveHeader('set-cookie', /sid=[^;,\s]+/)
      expect(answer, 'scripts in a page must not read it').toHaveHeader('set-cookie', /;\s*HttpOnly\s*(;|,|$)/i)
      expect(answer, 'it is for all paths').toHaveHeader('set-cookie', /;\s*Path=\/\s*(;|,|$)/i)
      expect(answer, 'other sites must not use it').toHaveHeader('set-cookie', /;\s*SameSite=(Lax|Strict)\s*(;|,|$)/i)
      const sid = cookieOf(answer)!.value
      await expectIn([app], sid, name, 'this is the cookie that the login has set')
      const cookies = `theme=dark; xsid=1; sid=${sid}; sid2=2; last=`
      const me = await app.get('/me', { headers: { cookie: cookies } })
      expect(me, 'the cookie may be one of many').toHaveStatus(200)
      expect(me).toContainJson({ user: name })
    }
  })

  test('a wrong password or name opens none', async ({ app, random }) => {
    const { users, names } = people(random, 2)
    const [name = '', other = ''] = names
    const password = users[name]!
    for (const json of [
      { user: name, password: users[other] },
      { user: name, password: `${password} ` },
      { user: name, password: password.toUpperCase() },
      { user: name, password: '' },
      { user: name.toUpperCase(), password },
      { user: ` ${name}`, password },
      { user: random.word(), password },
      { user: '__proto__', password },
      { user: 'constructor', password: '' },
    ]) {
      const answer = await app.post('/login', { json })
      expect(answer, 'name and password count exactly as they are').toAnswer(401, error)
      expect(answer, 'no session is opened').not.toHaveHeader('set-cookie')
    }
  })

  test('a bad body gets 400', async ({ app, random }) => {
    const { users, name } = people(random)
    const password = users[name]
    for (const body of [
      '',
      '{"user":',
      'null',
      '[]',
      '"text"',
      JSON.stringify({ user: name }),
      JSON.stringify({ password }),
      JSON.stringify({ user: name, password: null }),
      JSON.stringify({ user: [name], password }),
      JSON.stringify({ user: 7, password: { $ne: '' } }),
    ]) {
      const answer = await app.post('/login', { body, headers: { 'content-type': 'application/json' } })
      expect(answer, 'user and password have to be there, as texts').toAnswer(400, error)
    }
    await login(app, users, name)
  })

  test('without a session there is 401', async ({ app }) => {
    expect(await app.get('/me')).toAnswer(401, error)
    expect(await app.get('/me', { headers: { cookie: 'theme=dark' } })).toAnswer(401, error)
    expect(await app.get('/cart')).toAnswer(401, error)
    expect(await app.post('/cart', { json: { items: [{ sku: 'tea', count: 1 }] } })).toAnswer(401, error)
  })

  test('names and passwords are any texts', async ({ start, random }) => {
    const long = random.unicode().repeat(100)
    const names = [
      '__proto__',
      'constructor',
      ' ',
      'Ada',
      'ada',
      'ada ',
      'a:b',
      'get x\r\nset x 0 0 1\r\n1\r\n',
      Array.from(long).slice(0, 50).join(''),
      '漢'.repeat(100),
      `"${random.unicode()}"\\`,
    ]
    // Made from pairs, since __proto__ is a name.
    const users = Object.fromEntries(names.map((name) => [name, `${random.unicode()} "${name}" `.slice(0, 100)]))
    const app = await instance(start, { users })
    const sids: string[] = []
    for (const name of names) sids.push(await login(app, users, name))
    for (const [i, name] of names.entries()) await expectIn([app], sids[i]!, name, 'each has a session of their own')
  })
})

step('ids', () => {
  test('ids can not be guessed', async ({ app, random }) => {
    const { users, name } = people(random)
    const sids: string[] = []
    for (let i = 0; i < 40; i++) sids.push(await login(app, users, name))
    expect(new Set(sids).size, 'each login gets an id that no other has').toBe(sids.length)
    const bits = randomness(sids)
    const why =
      `three of ${sids.length} ids: ${sids.slice(0, 3).join(' ')} - so few bits seem to be random in each. Take 16 bytes or more ` +
      'from a generator for secrets, and nothing from a counter or clock'
    expect(Math.round(bits), why).toBeGreaterThan(90)
  })

  test('an id is never the choice of the client', async ({ app, random }) => {
    const { users, names } = people(random, 2)
    const [name = '', other = ''] = names
    const chosen = random.hex(32)
    const mine = await login(app, users, name, chosen)
    expect(mine, 'the client came with this id, and somebody else may know it').not.toBe(chosen)
    await expectOut([app], chosen, 'an id that a client has made up before a login')
    const next = await login(app, users, other, mine)
    expect(next, 'a new login gets a new id, also when the client comes with the id of another session').not.toBe(mine)
    await expectIn([app], next, other, 'the newest login')
    expect(await app.post('/logout', as(next))).toHaveStatus(204)
    const last = await login(app, users, other, next)
    expect(last, 'the client came with the id of a session that has ended').not.toBe(next)
    await expectOut([app], next, 'the id of a session that has ended, before another login')
  })

  test('the id is not found in Memcached', async ({ app, memcached, random }) => {
    const { users, name } = people(random)
    const sid = await login(app, users, name)
    await add(app, sid, [{ sku: 'tea', count: 1 }])
    const items = await stored(memcached)
    expect(items.length, 'a session is open: so many items are in Memcached').toBeGreaterThan(0)
    const parts = [sid, decodeURIComponent(sid)].map((id) => id.split(/[.:|~%]/).filter((part) => part.length >= 8))
    for (const { key } of items) {
      const { value } = await memcached.client.get(key)
      const text = `${key} ${value?.toString('latin1')}`
      for (const all of parts) {
        const found = all.length > 0 && all.every((part) => text.toLowerCase().includes(part.toLowerCase()))
        const why = `the session's id is ${sid}, and Memcached has it in the item ${JSON.stringify(key)}: who reads that is logged in. Store a hash instead`
        expect(found ? `${sid} in ${key}` : 'no id', why).toBe('no id')
      }
    }
  })

  test('strange ids are just unknown', async ({ app, memcached, random }) => {
    const { users, name } = people(random)
    const sid = await login(app, users, name)
    await memcached.client.set('somebody-else', 'here', { expires: 600 })
    const keys = (await stored(memcached)).map(({ key }) => key).filter((key) => !/[;,\s"\\]|[^ -~]/.test(key))
    const strange = [
      '',
      'x',
      '=',
      '%',
      '%zz',
      '""',
      `${sid}x`,
      sid.slice(0, -4),
      'x'.repeat(251),
      'x'.repeat(3000),
      '%00',
      '%0d%0aflush_all%0d%0a',
      'x%20y%0D%0Aflush_all%0D%0A',
      '..%2f..',
      '__proto__',
      random.hex(300),
      ...keys,
      ...keys.map((key) => key.slice(key.search(/[:/_-]/) + 1)),
    ]
    for (const id of strange)
      await expectOut([app], id, `the cookie is sid=${id.slice(0, 100)}, which is the id of no session`)
    for (const header of [`SID=${sid}`, `xsid=${sid}`, `sid2=${sid}`, `sid`, `x=sid=${sid}`]) {
      const answer = await app.get('/me', { headers: { cookie: header } })
      expect(answer, 'this is not the cookie sid').toAnswer(401, error)
    }
    for (const id of strange) expect(await app.post('/logout', as(id)), 'a logout without a session').toHaveStatus(204)
    await expectIn([app], sid, name, 'some strange ids came, and this session should not mind')
    const { value } = await memcached.client.get('somebody-else')
    expect(value?.toString(), 'some strange ids came. The item of somebody else in Memcached should not mind').toBe(
      'here',
    )
  })
})

step('shared', () => {
  test('every instance knows every session', async ({ app, start, random }) => {
    const { users, names } = people(random, 2)
    const [a, b] = [app, await instance(start)]
    const [name = '', other = ''] = names
    const first = await login(a, users, name)
    await expectIn([b, a], first, name, 'the session was opened through the first instance')
    const second = await login(b, users, other)
    await expectIn([a, b], second, other, 'the session was opened through the second instance')
    const sku = random.word()
    cartOf(await add(a, first, [{ sku, count: 2 }]), 'added through the first instance')
    await expectCart(b, first, new Map([[sku, 2]]), 'added through the first instance')
    await expectCart(b, second, new Map(), 'another session has a cart of its own')
  })

  test('a restart logs nobody out', async ({ app, random }) => {
    const { users, name } = people(random)
    const sid = await login(app, users, name)
    const sku = random.word()
    cartOf(await add(app, sid, [{ sku, count: 3 }]), 'added before the restart')
    await app.restart()
    await expectIn([app], sid, name, 'the instance was killed (kill -9) and started again. The session is in Memcached')
    await expectCart(app, sid, new Map([[sku, 3]]), 'the cart is part of the session')
  })

  test('who is forgotten by Memcached logs in again', async ({ app, start, memcached, random }) => {
    const { users, name } = people(random)
    const [a, b] = [app, await instance(start)]
    const sid = await login(a, users, name)
    await expectIn([a, b], sid, name, 'a session')
    await add(a, sid, [{ sku: 'tea', count: 1 }])
    await memcached.reset()
    const why = 'Memcached was emptied (flush_all). The session was only there'
    await expectOut([a, b], sid, why)
    expect(await a.get('/cart', as(sid)), why).toAnswer(401, error)
    expect(await add(b, sid, [{ sku: 'tea', count: 1 }]), why).toAnswer(401, error)
    const next = await login(a, users, name)
    await expectIn([b, a], next, name, 'a new session, after Memcached was emptied')
    await expectCart(b, next, new Map(), 'a new session has a new cart')
    await expectOut([a, b], sid, 'the old session is still gone, after a new login')
  })

  test('Memcached may throw out any item', async ({ app, memcached, random }) => {
    const { users, name } = people(random)
    let sid = await login(app, users, name)
    await add(app, sid, [{ sku: 'tea', count: 1 }])
    for (const { key } of await stored(memcached)) {
      await memcached.client.delete(key)
      const why = `the item ${JSON.stringify(key)} is no longer in Memcached. The session may have ended by that, but nothing is broken`
      expect(await app.get('/me', as(sid)), why).toHaveStatus([200, 401])
      expect(await app.get('/cart', as(sid)), why).toHaveStatus([200, 401])
      sid = await login(app, users, name)
      await expectIn([app], sid, name, `${why}: this is a new session`)
      cartOf(await add(app, sid, [{ sku: 'tea', count: 1 }]), `${why}: this is a new session`)
    }
  })
})

step('logout', () => {
  test('a logout ends the session for all instances', async ({ app, start, random }) => {
    const { users, name } = people(random)
    const [a, b] = [app, await instance(start)]
    const [first, second] = [await login(a, users, name), await login(b, users, name)]
    await expectIn([a, b], first, name, 'a session')
    await expectIn([a, b], second, name, 'another session of the same user')
    const answer = await b.post('/logout', as(first))
    expect(answer).toHaveStatus(204)
    const cookie = cookieOf(answer)
    const expires = cookie?.attributes.get('expires')
    const dropped =
      Number(cookie?.attributes.get('max-age') ?? 1) <= 0 || (expires !== undefined && Date.parse(expires) < Date.now())
    if (!dropped)
      expect(answer, 'the browser should drop the cookie').toHaveHeader('set-cookie', 'sid=; Max-Age=0; ...')
    const why = 'the session was logged out through the second instance, and somebody still has a copy of the cookie'
    await expectOut([b, a], first, why)
    expect(await a.get('/cart', as(first)), why).toAnswer(401, error)
    expect(await add(a, first, [{ sku: 'tea', count: 1 }]), why).toAnswer(401, error)
    await expectOut([b, a], first, why)
    await expectIn([a, b], second, name, 'another session of the user was logged out, not this one')
  })

  test('to log out twice is fine', async ({ app, random }) => {
    const { users, name } = people(random)
    const sid = await login(app, users, name)
    expect(await app.post('/logout', as(sid))).toHaveStatus(204)
    expect(await app.post('/logout', as(sid)), 'the session has ended already').toHaveStatus(204)
    expect(await app.post('/logout'), 'without a cookie').toHaveStatus(204)
  })

  test('many sessions end one by one', async ({ app, start, random }) => {
    const { users, name } = people(random)
    const [a, b] = [app, await instance(start)]
    const sids = await together(6, (i) => login([a, b][i % 2]!, users, name))
    for (const [i, sid] of sids.entries()) {
      expect(await a.post('/logout', as(sid))).toHaveStatus(204)
      await expectOut([b], sid, 'this session was logged out')
      for (const other of sids.slice(i + 1))
        await expectIn([b], other, name, 'other sessions of the user were logged out')
    }
  })
})

/** Bits that seem to differ at random between texts: what each position can be, as far as can be seen. */
function randomness(texts: string[]): number {
  const length = Math.min(...texts.map((text) => text.length))
  let bits = 0
  for (let i = 0; i < length; i++) bits += Math.log2(new Set(texts.map((text) => text[i])).size)
  return bits
}
