import { expect } from 'vitest'
import { sleep, step, withApp } from 'learn-backend/kit'
import {
  appears,
  cached,
  expectAllExpire,
  expectHit,
  instance,
  missing,
  newId,
  openShop,
  poll,
  product,
  warm,
  settings,
} from './shop.ts'

/** One program for the tests of this file, where they do not start their own. */
const test = withApp(({ upstream }) => settings(upstream.url))

step('read', () => {
  test('a product comes from the origin, byte for byte', async ({ app, upstream, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const text = product(random, id)
    origin.set(id, text)
    const answer = await app.get(`/products/${id}`)
    expect(answer).toHaveStatus(200)
    expect(answer, 'the body is passed on as it came, not parsed and written anew').toAnswer(200, text)
    expect(answer).toHaveHeader('content-type', /^application\/json/)
  })

  test('other statuses of the origin are passed on', async ({ app, upstream, random }) => {
    const origin = openShop(upstream)
    expect(await app.get(`/products/${newId(random)}`)).toAnswer(404, missing)
    for (const status of [403, 500, 503]) {
      const id = newId(random)
      const body = JSON.stringify({ error: random.unicode() })
      origin.answer('GET', id, { status, headers: { 'content-type': 'application/json' }, body })
      expect(await app.get(`/products/${id}`)).toAnswer(status, body)
    }
  })

  test('without an answer of the origin it is 502 or 504, and all is well again afterwards', async ({
    start,
    upstream,
    random,
  }) => {
    const origin = openShop(upstream)
    // A product for each trouble: whether an error is remembered is a question of its own.
    const troubles = ['down', 'hang', 'reset', 'truncate', 'none'] as const
    const ids = new Map(troubles.map((trouble) => [trouble, newId(random)]))
    for (const id of ids.values()) origin.set(id, product(random, id))
    const app = await instance(start, upstream, { originTimeoutMs: 300 })
    await upstream.down()
    expect(await app.get(`/products/${ids.get('down')}`), 'the origin refuses connections').toHaveStatus([502, 504])
    await upstream.up()
    for (const fault of ['hang', 'reset', 'truncate'] as const) {
      const why = { hang: 'never answers', reset: 'breaks the connection', truncate: 'ends in the midst of the body' }[
        fault
      ]
      const json = { text: random.words(20) }
      const id = ids.get(fault)!
      origin.answer('GET', id, { fault, json })
      const answer = await app.get(`/products/${id}`)
      // An HTTP client may repeat a GET by itself, and then it goes well.
      if (answer.status === 200 && origin.asked(id) > 1) continue
      expect(answer, `the origin ${why}; ORIGIN_TIMEOUT_MS is 300`).toHaveStatus([502, 504])
    }
    const well = await poll(
      () => app.get(`/products/${ids.get('none')}`),
      ({ status }) => status === 200,
    )
    expect(well, 'the origin is well again').toHaveStatus(200)
  })
})

step('cache', () => {
  test('the second reader gets what the first one left in Redis', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const text = product(random, id)
    origin.set(id, text)
    const first = await app.get(`/products/${id}`)
    expect(first).toAnswer(200, text)
    expect(first, 'nothing was in Redis').toHaveHeader('x-cache', 'miss')
    await cached(app, redis, id)
    const before = origin.asked(id)
    const second = await app.get(`/products/${id}`)
    expect(second, 'the same answer as that of the origin').toAnswer(200, text)
    expect(second, `product:${id} is in Redis`).toHaveHeader('x-cache', 'hit')
    expect(second).toHaveHeader('content-type', /^application\/json/)
    expect(origin.asked(id) - before, 'a hit does not ask the origin (requests at the origin)').toBe(0)
    await upstream.down()
    await expectHit(app, id, text, 'the origin is down, and the entry is in Redis')
  })

  test('another instance and the next process find the entry', async ({ app, start, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const text = product(random, id)
    origin.set(id, text)
    const [a, b] = [app, await instance(start, upstream)]
    await cached(a, redis, id)
    const before = origin.asked(id)
    // Something else first, so that it has a connection.
    await warm(b, origin, redis, random)
    await expectHit(b, id, text, 'another instance has left it in Redis')
    await a.restart()
    await warm(a, origin, redis, random)
    await expectHit(a, id, text, 'this instance has left it in Redis before it was killed and started again')
    expect(origin.asked(id) - before, 'hits do not ask the origin (requests at the origin)').toBe(0)
  })

  test('what is deleted from Redis is gone', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, product(random, id))
    await cached(app, redis, id)
    expect(await app.get(`/products/${id}`), `product:${id} is in Redis`).toHaveHeader('x-cache', 'hit')
    const text = product(random, id)
    origin.set(id, text)
    await redis.client.del(`product:${id}`)
    const answer = await app.get(`/products/${id}`)
    const why = `product:${id} was deleted from Redis, so the origin has to be asked. Is a copy kept elsewhere, in the process or under another key?`
    expect(answer, why).toAnswer(200, text)
    expect(answer, why).toHaveHeader('x-cache', 'miss')
  })

  test('every product has an entry of its own', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const word = random.word()
    const ids = random.shuffle([
      '__proto__',
      'constructor',
      '-',
      word,
      word.toUpperCase(),
      `${word}-1`,
      `${word}_1`,
      'x'.repeat(64),
    ])
    const texts = ids.map((id) => product(random, id))
    for (const [i, id] of ids.entries()) origin.set(id, texts[i])
    for (const id of ids) await cached(app, redis, id)
    for (const [i, id] of ids.entries()) await expectHit(app, id, texts[i]!, `product ${id} was read before`)
  })

  test('big and odd bodies come out of the cache as they went in', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const big = newId(random)
    const odd = newId(random)
    const text = random.unicode()
    const bigText = JSON.stringify({ text: text.repeat(Math.floor(900_000 / Buffer.byteLength(text))) })
    const oddText = ` {"a":1,"a":2.0,\r\n"b":"\\u0000\\ud83d\\ude00","c":1e400, "d":-0, "e":"${text}"}\n`
    origin.set(big, bigText)
    origin.set(odd, oddText)
    await cached(app, redis, odd)
    await expectHit(app, odd, oddText, 'byte for byte, in the cache too')
    await cached(app, redis, big)
    const answer = await app.get(`/products/${big}`)
    expect(answer, 'a body of almost 1 MiB').toHaveHeader('x-cache', 'hit')
    expect(answer.text === bigText, 'a body of almost 1 MiB comes out of the cache byte for byte').toBe(true)
  })
})

step('expiry', () => {
  test('an entry expires in Redis after TTL_MS', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, product(random, id))
    const ttlMs = 600_000
    await redis.client.set('shop:theme', 'dark')
    await cached(app, redis, id)
    const pttl = await redis.client.pttl(`product:${id}`)
    expect(pttl, `product:${id} has no expiry, it stays in Redis forever (PTTL product:${id})`).toBeGreaterThan(0)
    const why = `TTL_MS is ${ttlMs}, and product:${id} was stored a moment ago (PTTL product:${id})`
    expect(pttl, why).toBeLessThanOrEqual(ttlMs)
    expect(pttl, why).toBeGreaterThan(0.8 * ttlMs - 5000)
    await expectAllExpire(redis, ['shop:theme'])
    expect(await redis.client.get('shop:theme'), 'the keys of others stay as they are').toBe('dark')
  })

  test('after TTL_MS the origin is asked again, however often the entry was read', async ({
    start,
    upstream,
    redis,
    random,
  }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, product(random, id))
    const app = await instance(start, upstream, { ttlMs: 500 })
    await cached(app, redis, id)
    const text = product(random, id)
    origin.set(id, text)
    const answer = await poll(
      () => app.get(`/products/${id}`),
      (one) => one.text === text,
      { every: 40 },
    )
    const why =
      'TTL_MS is 500. For 4 s somebody has read the product every 40 ms, and still gets the entry from the beginning. Does a hit prolong it, or ' +
      'is there another copy?'
    expect(answer, why).toAnswer(200, text)
  })

  test('there is no moment in which the entry has no expiry', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, product(random, id))
    await warm(app, origin, redis, random)
    // So slow that two commands, of which the second waits for the answer to the first, are far apart.
    redis.link.delay(150)
    const reading = app.get(`/products/${id}`, { deadline: 6000 })
    reading.catch(() => {})
    expect(await appears(redis, id, 5000), `product:${id} is in Redis after a read`).toBe(true)
    let pttl = await redis.client.pttl(`product:${id}`)
    // Commands that are sent together may be seen one by one: that is not what we look for.
    if (pttl === -1) await sleep(60)
    pttl = await redis.client.pttl(`product:${id}`)
    expect(
      pttl,
      `product:${id} is in Redis without an expiry (PTTL), which is set by a command of its own a moment later. A process that dies in ` +
        'between leaves an entry that stays forever: store the value and its expiry in one step',
    ).toBeGreaterThan(0)
    await reading
  })
})
