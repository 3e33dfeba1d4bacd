import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deferred, setup } from './setup.ts'

describe('wrong arguments', () => {
  for (const capacity of [0, 1.5, NaN, Infinity]) {
    test(`${capacity} is not a capacity`, () => {
      assert.throws(() => setup({ capacity }), RangeError)
    })
  }

  for (const ttl of [0, NaN, -1, '1000']) {
    test(`${typeof ttl} ${ttl} is not a ttl`, async () => {
      const { cache } = setup()
      const answer = deferred()
      cache.set('a', 1)
      const load = cache.load('b', () => answer.promise)

      assert.throws(() => setup({ ttl: ttl as number }), RangeError)
      assert.throws(() => cache.set('a', 2, ttl as number), RangeError)
      assert.throws(() => cache.set('b', 2, ttl as number), RangeError)

      answer.resolve(3)
      await load
      assert.equal(cache.get('a'), 1)
      assert.equal(cache.get('b'), 3)
    })
  }
})
