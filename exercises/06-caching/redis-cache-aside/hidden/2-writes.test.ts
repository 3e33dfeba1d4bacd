import { expect } from 'vitest'
import { type Answer, sleep, step, withApp, together } from 'learn-backend/kit'
import {
  cached,
  expectAllExpire,
  expectFrom,
  expectHit,
  inBackground,
  instance,
  missing,
  newId,
  openShop,
  poll,
  product,
  saved,
  waitFor,
  warm,
  settings,
} from './shop.ts'

/** One program for the tests of this file, where they do not start their own. */
const test = withApp(({ upstream }) => settings(upstream.url))

/** The same, for those in which the origin does not answer. */
const hasty = withApp(({ upstream }) => settings(upstream.url, { originTimeoutMs: 500 }))

step('writes', () => {
  test('a PUT reaches the origin as it is, and its answer comes back', async ({ app, upstream, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const text = product(random, id)
    const headers = { 'content-type': 'application/json' }
    expect(await app.put(`/products/${id}`, { body: text, headers })).toAnswer(200, saved)
    const seen = upstream.requests.find(({ method }) => method === 'PUT')
    expect(seen?.text, 'the body reaches the origin byte for byte').toBe(text)
    expect(seen?.headers['content-type'], 'content-type of the request to the origin').toMatch(/^application\/json/)
    const refusal = JSON.stringify({ error: 'too cheap' })
    origin.answer('PUT', id, { status: 422, headers, body: refusal })
    expect(await app.put(`/products/${id}`, { body: text, headers })).toAnswer(422, refusal)
    expect(origin.asked(id, 'PUT'), 'each write is sent once (PUTs at the origin)').toBe(2)
  })

  test('after a PUT everybody reads the new product, then from the cache', async ({
    app,
    start,
    upstream,
    redis,
    random,
  }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const [a, b] = [app, await instance(start, upstream)]
    origin.set(id, product(random, id))
    await cached(a, redis, id)
    await cached(b, redis, id)
    for (const [writer, reader] of [
      [a, b],
      [b, a],
    ] as const) {
      const text = product(random, id)
      expect(await writer.put(`/products/${id}`, { body: text })).toHaveStatus(200)
      await expectFrom([reader, writer], id, text, 'a PUT was answered before this read')
      const again = await poll(
        () => reader.get(`/products/${id}`),
        (answer) => answer.headers['x-cache'] === 'hit',
        { deadline: 6500 },
      )
      expect(again, 'some time after a write (ORIGIN_TIMEOUT_MS is 5000) reads are hits again').toHaveHeader(
        'x-cache',
        'hit',
      )
      expect(again).toAnswer(200, text)
    }
    await expectAllExpire(redis)
  })

  test('after a DELETE the product is gone for everybody', async ({ app, start, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const [a, b] = [app, await instance(start, upstream)]
    origin.set(id, product(random, id))
    await cached(a, redis, id)
    await cached(b, redis, id)
    expect(await a.delete(`/products/${id}`)).toHaveStatus(204)
    for (const app of [b, a]) {
      expect(await app.get(`/products/${id}`), 'a DELETE was answered before this read').toAnswer(404, missing)
    }
  })

  test('a write leaves other keys alone', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const others = [`${id}-2`, `${id}_`, id.slice(0, -1)]
    const texts = new Map([id, ...others].map((one) => [one, product(random, one)]))
    for (const [one, text] of texts) origin.set(one, text)
    const foreign = [id, `basket:${id}`, `products:${id}`, `${id}:product`]
    for (const key of foreign) await redis.client.set(key, 'not yours')
    for (const one of texts.keys()) await cached(app, redis, one)
    await app.put(`/products/${id}`, { body: product(random, id) })
    for (const one of others) await expectHit(app, one, texts.get(one)!, `another product (${id}) was written`)
    for (const key of foreign) {
      expect(await redis.client.get(key), `the key ${key} in Redis belongs to somebody else (GET ${key})`).toBe(
        'not yours',
      )
    }
  })

  hasty('a write that ends with an error may have been done', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const error = { status: 500, json: { error: 'out of paper' } }
    for (const [reply, what] of [
      [error, 'answered 500'],
      [{ fault: 'reset' } as const, 'broke the connection'],
      [{ fault: 'hang' } as const, 'did not answer in time'],
    ] as const) {
      const id = newId(random)
      origin.set(id, product(random, id))
      await cached(app, redis, id)
      const text = product(random, id)
      origin.answer('PUT', id, reply)
      const answer = await app.put(`/products/${id}`, { body: text })
      expect(answer, `the origin ${what} (ORIGIN_TIMEOUT_MS is 500)`).toHaveStatus([500, 502, 504])
      expect(origin.asked(id, 'PUT'), 'a write is sent once, whatever becomes of it (PUTs at the origin)').toBe(1)
      await expectFrom(
        [app],
        id,
        text,
        `the origin has done the last PUT, then it ${what}. The entry from before it is of no use any more`,
      )
    }
  })

  test('a read in the midst of a write leaves nothing old behind', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, product(random, id))
    await cached(app, redis, id)
    const held = origin.hold('PUT', id, 'on release')
    const text = product(random, id)
    const writing = inBackground(app.put(`/products/${id}`, { body: text }))
    await held.arrived()
    for (let i = 0; i < 2; i++) {
      await app.get(`/products/${id}`)
      await sleep(50)
    }
    held.release()
    expect(await writing).toHaveStatus(200)
    const why =
      'while the PUT was on its way, somebody read the old product. Now the PUT has been answered. When is the entry removed: ' +
      'before the origin has the new product, or after?'
    await expectFrom([app], id, text, why)
  })
})

step('negative', () => {
  test('a product that does not exist is found in the cache, too', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    expect(await app.get(`/products/${id}`)).toAnswer(404, missing)
    await cached(app, redis, id)
    const before = origin.asked(id)
    const second = await app.get(`/products/${id}`)
    const why = 'the origin has answered 404 before, and that was left in Redis'
    expect(second, why).toAnswer(404, missing)
    expect(second, why).toHaveHeader('x-cache', 'hit')
    expect(origin.asked(id) - before, `${why} (requests at the origin)`).toBe(0)
  })

  test('it expires after NEGATIVE_TTL_MS', async ({ app, upstream, redis, random }) => {
    openShop(upstream)
    const id = newId(random)
    const negativeTtlMs = 120_000
    await cached(app, redis, id)
    const pttl = await redis.client.pttl(`product:${id}`)
    const why = `NEGATIVE_TTL_MS is ${negativeTtlMs}, TTL_MS 600000, and a 404 was stored in product:${id} a moment ago (PTTL)`
    expect(pttl, why).toBeLessThanOrEqual(negativeTtlMs)
    expect(pttl, why).toBeGreaterThan(0.8 * negativeTtlMs - 5000)
    await expectAllExpire(redis)
  })

  test('a PUT that creates the product ends it', async ({ app, start, upstream, redis, random }) => {
    openShop(upstream)
    const id = newId(random)
    const [a, b] = [app, await instance(start, upstream)]
    await cached(a, redis, id)
    await cached(b, redis, id)
    const text = product(random, id)
    expect(await a.put(`/products/${id}`, { body: text })).toHaveStatus(200)
    await expectFrom([b, a], id, text, 'it did not exist, and a PUT has created it before this read')
  })

  test('other answers are not cached', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    await warm(app, origin, redis, random)
    for (const status of random.shuffle([201, 403, 410, 429, 500, 503])) {
      const id = newId(random)
      const text = product(random, id)
      origin.set(id, text)
      origin.answer('GET', id, { status, json: { error: 'not now' } })
      expect(await app.get(`/products/${id}`)).toHaveStatus(status)
      await sleep(30)
      const why = `the origin has answered ${status} before: only 200 and 404 are left in the cache. Now it has the product`
      expect(await app.get(`/products/${id}`), why).toAnswer(200, text)
    }
  })
})

step('stampede', () => {
  const readers = 50

  test('many readers who miss at once cost one request', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    await warm(app, origin, redis, random)
    const text = product(random, id)
    origin.set(id, text)
    const held = origin.hold('GET', id)
    const reading = together(readers, () => app.get(`/products/${id}`, { deadline: 8000 }))
    reading.catch(() => {})
    await Promise.race([held.arrived(), reading])
    await sleep(250)
    held.release()
    for (const answer of await reading) expect(answer, 'each reader gets the answer').toAnswer(200, text)
    expect(origin.asked(id), `${readers} readers missed the same entry at once (requests at the origin)`).toBe(1)
  })

  test('readers of other products do not wait', async ({ app, upstream, random }) => {
    const origin = openShop(upstream)
    const [slow, fast] = [newId(random), newId(random)]
    const text = product(random, fast)
    origin.set(slow, product(random, slow))
    origin.set(fast, text)
    const held = origin.hold('GET', slow)
    const waiting = inBackground(app.get(`/products/${slow}`, { deadline: 8000 }))
    await held.arrived()
    expect(await app.get(`/products/${fast}`), 'the origin is slow for another product only').toAnswer(200, text)
    held.release()
    expect(await waiting).toHaveStatus(200)
  })

  hasty('a request that fails is over', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    await warm(app, origin, redis, random)
    for (const reply of [{ fault: 'hang' } as const, { status: 500, json: { error: 'out of paper' } }]) {
      const id = newId(random)
      const text = product(random, id)
      origin.set(id, text)
      const getWell = origin.answer('GET', id, reply, 20)
      for (const answer of await together(10, () => app.get(`/products/${id}`))) {
        expect(answer, 'the origin fails, so every reader gets an error').toHaveStatus([500, 502, 504])
      }
      expect(origin.asked(id), '10 readers at once (requests at the origin)').toBeLessThanOrEqual(3)
      getWell()
      const why =
        'the request before this one failed, and all its readers have got their error. The next reader asks anew, and the origin is well'
      expect(await app.get(`/products/${id}`), why).toAnswer(200, text)
    }
  })

  test('a reader that goes away takes nobody along', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const text = product(random, id)
    origin.set(id, text)
    await warm(app, origin, redis, random)
    const held = origin.hold('GET', id)
    const leaver = new AbortController()
    const first = inBackground(app.get(`/products/${id}`, { signal: leaver.signal }))
    await held.arrived()
    const others = Array.from({ length: 5 }, () => inBackground(app.get(`/products/${id}`, { deadline: 8000 })))
    await sleep(150)
    leaver.abort()
    await first.catch(() => {})
    await sleep(100)
    held.release()
    for (const answer of others) {
      expect(await answer, 'the reader that came first has gone away; this one still waits').toAnswer(200, text)
    }
  })

  test('who comes after a write does not get an answer from before it', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, product(random, id))
    await warm(app, origin, redis, random)
    const held = origin.hold('GET', id)
    const before = inBackground(app.get(`/products/${id}`, { deadline: 8000 }))
    await held.arrived()
    const text = product(random, id)
    expect(await app.put(`/products/${id}`, { body: text })).toHaveStatus(200)
    let answered = false
    const after: Promise<Answer> = inBackground(app.get(`/products/${id}`, { deadline: 8000 }))
    after.then(() => (answered = true)).catch(() => {})
    await waitFor(() => answered || origin.asked(id) > 1, 700)
    await sleep(30)
    held.release()
    const why =
      'a PUT was answered before this read began. A slow request to the origin was still under way, from before the PUT: too old for this reader'
    expect(await after, why).toAnswer(200, text)
    expect(await before, 'a reader from before the PUT may get either').toHaveStatus(200)
  })
})
