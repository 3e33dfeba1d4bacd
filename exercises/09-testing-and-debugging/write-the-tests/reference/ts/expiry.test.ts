import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Cache } from './cache.ts'
import { present, setup, TTL, unexpected } from './setup.ts'

describe('expiry', () => {
  test('an entry lives until just before t + ttl', () => {
    const { cache, clock } = setup()
    cache.set('a', 1)

    clock.time += TTL - 1
    assert.equal(cache.get('a'), 1)

    clock.time += 1
    assert.equal(cache.get('a'), undefined)
  })

  test('reading does not prolong a life', async () => {
    const { cache, clock } = setup()
    cache.set('a', 1)

    clock.time += TTL - 1
    cache.get('a')
    await cache.load('a', unexpected)

    clock.time += 1
    assert.equal(cache.get('a'), undefined)
  })

  test('setting again gives a new life', () => {
    const { cache, clock } = setup()
    cache.set('a', 1)
    clock.time += TTL - 1

    cache.set('a', 2)

    clock.time += TTL - 1
    assert.equal(cache.get('a'), 2)
    clock.time += 1
    assert.equal(cache.get('a'), undefined)
  })

  test('an entry can have a ttl of its own, and only this entry', () => {
    const { cache, clock } = setup()
    cache.set('before', 1)
    cache.set('short', 2, TTL / 2)
    cache.set('long', 3, TTL * 2)
    cache.set('after', 4)

    clock.time += TTL / 2
    assert.deepEqual(present(cache, ['before', 'short', 'long', 'after']), ['before', 'long', 'after'])

    clock.time += TTL / 2
    assert.deepEqual(present(cache, ['before', 'short', 'long', 'after']), ['long'])

    clock.time += TTL
    assert.equal(cache.size, 0)
  })

  test('a key that is set again without a ttl has that of the cache', () => {
    const { cache, clock } = setup()
    cache.set('was short', 1, TTL / 2)
    cache.set('was long', 2, TTL * 2)

    cache.set('was short', 3)
    cache.set('was long', 4)

    clock.time += TTL - 1
    assert.equal(cache.size, 2)
    clock.time += 1
    assert.equal(cache.size, 0)
  })

  test('with an infinite ttl an entry stays', () => {
    const forever = setup({ ttl: Infinity })
    const { cache, clock } = setup()
    forever.cache.set('a', 1)
    cache.set('a', 1, Infinity)

    forever.clock.time = clock.time = Number.MAX_SAFE_INTEGER

    assert.equal(forever.cache.get('a'), 1)
    assert.equal(cache.get('a'), 1)
  })

  // One question for each cache: an answer may tidy up for the next.
  const questions: Record<string, (cache: Cache<unknown>) => unknown> = {
    'get answers undefined': (cache) => assert.equal(cache.get('short'), undefined),
    'delete answers false': (cache) => assert.equal(cache.delete('short'), false),
    'size leaves it out': (cache) => assert.equal(cache.size, 1),
    'load loads it': async (cache) => assert.equal(await cache.load('short', () => 'new'), 'new'),
  }
  for (const [title, ask] of Object.entries(questions)) {
    test(`an expired entry counts for nothing: ${title}`, async () => {
      const { cache, clock } = setup()
      cache.set('older, but alive', 1)
      cache.set('short', 2, 1)

      clock.time += 1

      await ask(cache)
    })
  }
})
