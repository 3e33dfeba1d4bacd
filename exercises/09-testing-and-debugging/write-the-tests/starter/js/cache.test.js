import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCache } from './cache.js'

test('a new cache is empty', () => {
  const cache = createCache({ capacity: 10, ttl: 1000, now: () => 0 })

  assert.equal(cache.size, 0)
})

test.todo('a stored value is read back')
