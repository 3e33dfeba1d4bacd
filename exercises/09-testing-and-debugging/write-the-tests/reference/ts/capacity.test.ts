import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Cache } from './cache.ts'
import { present, setup, unexpected } from './setup.ts'

describe('capacity', () => {
  test('the entry that goes is the oldest one, and only that one, and only if it must', () => {
    const { cache } = setup({ capacity: 3 })
    for (const key of ['a', 'b', 'c']) cache.set(key, key)
    assert.equal(cache.size, 3)

    cache.set('d', 'd')

    assert.deepEqual(present(cache, ['a', 'b', 'c', 'd']), ['b', 'c', 'd'])
  })

  test('one entry is a capacity', () => {
    const { cache } = setup({ capacity: 1 })
    cache.set('a', 1)
    assert.equal(cache.get('a'), 1)

    cache.set('b', 2)

    assert.deepEqual(present(cache, ['a', 'b']), ['b'])
  })

  const uses: Record<string, (cache: Cache<unknown>) => unknown> = {
    get: (cache) => cache.get('a'),
    set: (cache) => cache.set('a', 'again'),
    load: (cache) => cache.load('a', unexpected),
  }
  for (const [name, use] of Object.entries(uses)) {
    test(`an entry that ${name} has used stays longer than one that was not used since`, async () => {
      const { cache } = setup({ capacity: 2 })
      cache.set('a', 1)
      cache.set('b', 2)

      await use(cache)
      cache.set('c', 3)

      assert.deepEqual(present(cache, ['a', 'b', 'c']), ['a', 'c'])
    })
  }

  test('setting a key that is there evicts nothing', () => {
    const { cache } = setup({ capacity: 2 })
    cache.set('a', 1)
    cache.set('b', 2)

    cache.set('b', 3)

    assert.deepEqual(present(cache, ['a', 'b']), ['a', 'b'])
  })

  test('an expired entry makes room for a new one', () => {
    const { cache, clock } = setup({ capacity: 2 })
    cache.set('live', 1)
    cache.set('expired', 2, 1)
    clock.time += 1

    cache.set('new', 3)

    assert.deepEqual(present(cache, ['live', 'new']), ['live', 'new'])
  })
})
