import { expect } from 'vitest'
import { sleep, step, withApp, together } from 'learn-backend/kit'
import {
  cached,
  expectAllExpire,
  expectFrom,
  expectHit,
  inBackground,
  instance,
  newId,
  openShop,
  poll,
  product,
  saved,
  warm,
  settings,
} from './shop.ts'

/** One program for the tests of this file, where they do not start their own. */
const test = withApp(({ upstream }) => settings(upstream.url))

/** What a request may take although Redis does not answer, with REDIS_TIMEOUT_MS of 100: enough for a slow machine. */
const soon = 1500
const redisTimeoutMs = 100

step('degraded', () => {
  test('starts and answers although Redis is not there', async ({ start, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const text = product(random, id)
    origin.set(id, text)
    redis.link.cut()
    const app = await instance(start, upstream, { redisTimeoutMs })
    for (let i = 0; i < 2; i++) {
      const answer = await app.get(`/products/${id}`)
      expect(answer, 'Redis was never there; the origin is').toAnswer(200, text)
      expect(answer).toHaveHeader('x-cache', 'miss')
      expect(answer, 'REDIS_TIMEOUT_MS is 100').toTakeAtMost(soon)
    }
    redis.link.restore()
    const hit = await poll(
      () => app.get(`/products/${id}`),
      (answer) => answer.headers['x-cache'] === 'hit',
      { every: 100, deadline: 5000 },
    )
    expect(hit, 'for five seconds Redis has been there, which it was not when the program started').toHaveHeader(
      'x-cache',
      'hit',
    )
  })

  for (const trouble of ['cut', 'hangs', 'slow'] as const) {
    const title = {
      cut: 'the connections to Redis break, and new ones are refused',
      hangs: 'Redis does not answer any more',
      slow: 'Redis answers too late',
    }[trouble]
    test(title, async ({ start, upstream, redis, random }) => {
      const origin = openShop(upstream)
      const ids = Array.from({ length: 3 }, () => newId(random))
      const app = await instance(start, upstream, { redisTimeoutMs })
      await warm(app, origin, redis, random)
      if (trouble === 'cut') redis.link.cut()
      else if (trouble === 'hangs') redis.link.blackhole()
      else redis.link.delay(500)
      for (const id of ids) {
        const text = product(random, id)
        const why = `${title}; REDIS_TIMEOUT_MS is 100, and the origin is fast and well`
        const put = await app.put(`/products/${id}`, { body: text })
        expect(put, why).toAnswer(200, saved)
        expect(put, why).toTakeAtMost(soon)
        const answer = await app.get(`/products/${id}`)
        expect(answer, why).toAnswer(200, text)
        expect(answer, why).toTakeAtMost(soon)
        const unwritten = newId(random)
        origin.set(unwritten, text)
        const other = await app.get(`/products/${unwritten}`)
        expect(other, why).toAnswer(200, text)
        expect(other, why).toTakeAtMost(soon)
      }
    })
  }

  test('Redis is full', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const [old, id] = [newId(random), newId(random)]
    const text = product(random, id)
    for (const one of [old, id]) origin.set(one, text)
    await cached(app, redis, old)
    await redis.client.config('SET', 'maxmemory', '1')
    try {
      const why = 'Redis answers every command that needs memory with an error (OOM command not allowed)'
      for (const one of [old, id, id]) expect(await app.get(`/products/${one}`), why).toAnswer(200, text)
      expect(await app.put(`/products/${newId(random)}`, { body: text }), why).toAnswer(200, saved)
    } finally {
      await redis.client.config('SET', 'maxmemory', '0')
    }
  })

  test('a key has a type that nobody expects', async ({ app, upstream, redis, random }) => {
    const origin = openShop(upstream)
    await warm(app, origin, redis, random)
    const id = newId(random)
    const text = product(random, id)
    origin.set(id, text)
    await redis.client.geoadd(`product:${id}`, 13.4, 52.5, 'Berlin')
    const why = `product:${id} in Redis has another type than yours (it is a sorted set): Redis answers WRONGTYPE`
    expect(await app.get(`/products/${id}`), why).toAnswer(200, text)
    const changed = product(random, id)
    expect(await app.put(`/products/${id}`, { body: changed }), why).toAnswer(200, saved)
    expect(await app.get(`/products/${id}`), why).toAnswer(200, changed)
  })

  test('the origin gets one request for many readers, also without Redis', async ({
    start,
    upstream,
    redis,
    random,
  }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const text = product(random, id)
    origin.set(id, text)
    const app = await instance(start, upstream, { redisTimeoutMs })
    await warm(app, origin, redis, random)
    redis.link.cut()
    // Some time for the program to see that the connection is gone.
    await sleep(50)
    const held = origin.hold('GET', id)
    const reading = together(50, () => app.get(`/products/${id}`, { deadline: 4000 }))
    reading.catch(() => {})
    // Answers that come before the origin was asked are looked at below.
    await Promise.race([held.arrived(), reading])
    await sleep(600)
    held.release()
    for (const answer of await reading) expect(answer, 'Redis is gone, and the origin is well').toAnswer(200, text)
    const why = 'Redis is gone, and 50 readers asked for the same product at once (requests at the origin)'
    // A few more, for readers that a slow machine brings late: there is no cache to help them.
    expect(origin.asked(id), why).toBeLessThanOrEqual(5)
  })

  test('Redis comes back, empty, and is used again', async ({ start, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const text = product(random, id)
    origin.set(id, text)
    const app = await instance(start, upstream, { redisTimeoutMs })
    await cached(app, redis, id)
    await redis.stop()
    expect(await app.get(`/products/${id}`), 'the Redis server was killed').toAnswer(200, text)
    await sleep(200)
    await redis.start()
    const hit = await poll(
      () => app.get(`/products/${id}`),
      (answer) => answer.status !== 200 || answer.headers['x-cache'] === 'hit',
      { every: 100, deadline: 5000 },
    )
    const why = 'for five seconds Redis has been back: do you connect again, and leave answers there?'
    expect(hit, why).toAnswer(200, text)
    expect(hit, why).toHaveHeader('x-cache', 'hit')
  })
})

step('race', () => {
  for (const across of [false, true]) {
    const where = across ? 'another instance' : 'the same instance'
    test(`a slow read brings no old value back, after a write through ${where}`, async ({
      app,
      start,
      upstream,
      redis,
      random,
    }) => {
      const origin = openShop(upstream)
      const id = newId(random)
      origin.set(id, product(random, id))
      const [reader, writer] = [app, across ? await instance(start, upstream) : app]
      for (const app of new Set([reader, writer])) await warm(app, origin, redis, random)
      const held = origin.hold('GET', id)
      const reading = inBackground(reader.get(`/products/${id}`, { deadline: 8000 }))
      await held.arrived()
      const text = product(random, id)
      expect(await writer.put(`/products/${id}`, { body: text })).toHaveStatus(200)
      held.release()
      expect(await reading, 'this reader came before the PUT: both values are fine').toHaveStatus(200)
      const why =
        `1. a reader missed, and asked the origin, which was slow; 2. a PUT through ${where} was answered; 3. the reader got the old ` +
        'product. It must not be in the cache now'
      await expectFrom([reader, writer], id, text, why)
      await expectAllExpire(redis)
    })
  }

  test('a slow read does not replace the new value', async ({ app, start, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, product(random, id))
    const [a, b] = [app, await instance(start, upstream)]
    for (const app of [a, b]) await warm(app, origin, redis, random)
    const held = origin.hold('GET', id)
    const reading = inBackground(a.get(`/products/${id}`, { deadline: 8000 }))
    await held.arrived()
    const text = product(random, id)
    expect(await b.put(`/products/${id}`, { body: text })).toHaveStatus(200)
    await expectFrom([b], id, text, 'a PUT was answered before this read')
    held.release()
    await reading
    const why =
      '1. a slow read began; 2. a PUT; 3. the new product was read and stored; 4. the slow read ended with the old one'
    await expectFrom([b, a], id, text, why)
  })

  test('a slow read of a product that did not exist does not hide the new one', async ({
    app,
    start,
    upstream,
    redis,
    random,
  }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const [a, b] = [app, await instance(start, upstream)]
    for (const app of [a, b]) await warm(app, origin, redis, random)
    const held = origin.hold('GET', id)
    const reading = inBackground(a.get(`/products/${id}`, { deadline: 8000 }))
    await held.arrived()
    const text = product(random, id)
    expect(await b.put(`/products/${id}`, { body: text })).toHaveStatus(200)
    held.release()
    await reading
    await expectFrom(
      [b, a],
      id,
      text,
      '1. a slow read began, of a product that did not exist; 2. a PUT created it; 3. the read ended with 404',
    )
  })

  test('a read may take longer than TTL_MS', async ({ start, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, product(random, id))
    const app = await instance(start, upstream, { ttlMs: 400, negativeTtlMs: 400 })
    await warm(app, origin, redis, random)
    const held = origin.hold('GET', id)
    const reading = inBackground(app.get(`/products/${id}`, { deadline: 8000 }))
    await held.arrived()
    const text = product(random, id)
    expect(await app.put(`/products/${id}`, { body: text })).toHaveStatus(200)
    await sleep(900)
    held.release()
    await reading
    const why =
      'TTL_MS is 400: 1. a slow read began; 2. a PUT was answered; 3. 900 ms later the read ended with the old product. Does whatever ' +
      'tells you that there was a write live long enough?'
    await expectFrom([app], id, text, why)
  })

  test('who comes after a write through another instance does not get an answer from before it', async ({
    app,
    start,
    upstream,
    redis,
    random,
  }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, product(random, id))
    const [a, b] = [app, await instance(start, upstream)]
    for (const app of [a, b]) await warm(app, origin, redis, random)
    const held = origin.hold('GET', id)
    const before = inBackground(a.get(`/products/${id}`, { deadline: 8000 }))
    await held.arrived()
    const text = product(random, id)
    expect(await b.put(`/products/${id}`, { body: text })).toHaveStatus(200)
    const after = inBackground(a.get(`/products/${id}`, { deadline: 8000 }))
    await Promise.race([after, sleep(700)])
    held.release()
    const why =
      'a PUT through another instance was answered before this read began. A slow request of this instance was still under way, from ' +
      'before the PUT: too old for this reader'
    expect(await after, why).toAnswer(200, text)
    await before
  })

  test('reads and writes through two instances at once', async ({ app, start, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    origin.set(id, '{"version":0}')
    const apps = [app, await instance(start, upstream)]
    for (const app of apps) await warm(app, origin, redis, random)
    origin.slowness = () => random.int(15, 40)
    let written = 0
    let over = false
    const readers = together(10, async (i) => {
      const app = apps[i % 2]!
      while (!over) {
        const before = written
        const answer = await app.get(`/products/${id}`)
        const why = `this read began after the PUT of version ${before} was answered. It may see that or a later one, but none before`
        expect(answer, why).toHaveStatus(200)
        expect(answer, why).toContainJson({ version: expect.any(Number) })
        if (answer.json.version < before) expect(answer, why).toHaveJson({ version: before })
        await sleep(random.int(1, 15))
      }
    })
    readers.catch(() => {})
    const writers = (async () => {
      for (let version = 1; version <= 30; version++) {
        const answer = await random.pick(apps).put(`/products/${id}`, { body: JSON.stringify({ version }) })
        expect(answer).toHaveStatus(200)
        written = version
        await sleep(random.int(0, 20))
      }
    })()
    await Promise.race([writers, readers]).finally(() => (over = true))
    await readers
    await expectFrom(apps, id, '{"version":30}', 'all writes are over, the last one was version 30')
  })
})

step('owed', () => {
  test('an entry that could not be removed is removed when Redis is back', async ({
    start,
    upstream,
    redis,
    random,
  }) => {
    const origin = openShop(upstream)
    const ids = Array.from({ length: 3 }, () => newId(random))
    const texts = ids.map((id) => product(random, id))
    const other = await redis.newLink()
    const [writer, reader] = await Promise.all([
      instance(start, upstream, { redisTimeoutMs: 500 }),
      instance(start, upstream, { env: other.env }),
    ])
    for (const id of ids) {
      origin.set(id, product(random, id))
      await cached(writer, redis, id)
      await cached(reader, redis, id)
    }
    redis.link.cut()
    await sleep(50)
    for (const [i, id] of ids.entries()) {
      expect(
        await writer.put(`/products/${id}`, { body: texts[i]! }),
        'Redis is away, and the origin is well',
      ).toAnswer(200, saved)
    }
    redis.link.restore()
    for (const [i, id] of ids.entries()) {
      const answer = await poll(
        () => reader.get(`/products/${id}`),
        ({ text }) => text === texts[i],
        { every: 50, deadline: 5000 },
      )
      const why =
        'a PUT went through an instance that could not reach Redis then, but can again for 5 seconds. This is another instance, which still ' +
        'finds the old entry'
      expect(answer, why).toAnswer(200, texts[i]!)
    }
    await expectFrom([reader, writer], ids[0]!, texts[0]!, 'Redis is back, and the old entry is gone')
  })

  test('until then this instance does not use the entry', async ({ start, upstream, redis, random }) => {
    const origin = openShop(upstream)
    const id = newId(random)
    const text = product(random, id)
    origin.set(id, product(random, id))
    const app = await instance(start, upstream, { redisTimeoutMs: 500 })
    await cached(app, redis, id)
    redis.link.cut()
    await sleep(50)
    expect(await app.put(`/products/${id}`, { body: text })).toAnswer(200, saved)
    for (let i = 0; i < 2; i++) {
      expect(await app.get(`/products/${id}`), 'Redis is away; the product was written before').toAnswer(200, text)
    }
    redis.link.restore()
    const why =
      'a PUT went through this instance while Redis was away. Redis is just coming back, still with the old entry. This instance knows that ' +
      'it is old'
    const end = performance.now() + 1500
    while (performance.now() < end) {
      expect(await app.get(`/products/${id}`), why).toAnswer(200, text)
      await sleep(3)
    }
    const hit = await poll(
      () => app.get(`/products/${id}`),
      (answer) => answer.headers['x-cache'] === 'hit',
    )
    expect(hit, 'Redis is back, and used again').toHaveHeader('x-cache', 'hit')
    await expectHit(app, id, text, 'Redis is back, and used again')
  })
})
