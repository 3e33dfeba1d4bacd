import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCache } from './cache.ts'
import { deferred, present, setup, TTL } from './setup.ts'

describe('independence', () => {
  test('caches share no entries', () => {
    const [one, other] = [setup(), setup()]

    one.cache.set('a', 1)

    assert.equal(other.cache.get('a'), undefined)
    assert.equal(other.cache.size, 0)
  })

  test('caches share no loads', async () => {
    const [one, other] = [setup(), setup()]
    const answer = deferred()

    const load = one.cache.load('a', () => answer.promise)

    assert.equal(await other.cache.load('a', () => 2), 2)
    answer.resolve(1)
    assert.equal(await load, 1)
  })

  test('each cache has its own clock', () => {
    const [one, other] = [setup(), setup()]
    one.cache.set('a', 1)
    other.cache.set('a', 1)

    one.clock.time += TTL

    assert.equal(one.cache.get('a'), undefined)
    assert.equal(other.cache.get('a'), 1)
  })

  test('changing the options afterwards changes nothing', () => {
    const options = { capacity: 2, ttl: TTL, now: () => 0 }
    const cache = createCache(options)

    Object.assign(options, { capacity: 1, ttl: 1, now: () => TTL - 1 })
    cache.set('a', 1)
    cache.set('b', 2)
    options.now = () => TTL

    assert.deepEqual(present(cache, ['a', 'b']), ['a', 'b'])
  })
})
