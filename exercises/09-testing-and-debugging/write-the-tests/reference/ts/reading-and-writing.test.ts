import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setup, unexpected } from './setup.ts'

describe('reading and writing', () => {
  test('the last value that was set is read back', () => {
    const { cache } = setup()
    assert.equal(cache.get('a'), undefined)

    cache.set('a', 1)
    cache.set('a', 2)

    assert.equal(cache.get('a'), 2)
  })

  for (const key of ['', 'constructor']) {
    test(`the key '${key}' is a key like others`, async () => {
      const { cache } = setup()
      assert.equal(cache.get(key), undefined)

      cache.set(key, 1)

      assert.equal(cache.get(key), 1)
      assert.equal(cache.size, 1)
      assert.equal(cache.delete(key), true)
      assert.equal(await cache.load(key, () => 2), 2)
    })
  }

  for (const value of [null, 0, '', false]) {
    test(`${JSON.stringify(value)} is a value`, async () => {
      const { cache } = setup()

      cache.set('a', value)

      assert.equal(cache.get('a'), value)
      assert.equal(cache.size, 1)
      assert.equal(await cache.load('a', unexpected), value)
    })
  }

  test('an object comes back as the very same object', async () => {
    const { cache } = setup()
    const [set, loaded] = [{ price: 1 }, { price: 2 }]

    cache.set('a', set)
    await cache.load('b', () => loaded)

    assert.equal(cache.get('a'), set)
    assert.equal(cache.get('b'), loaded)
  })

  test('delete removes one entry and says whether there was one', () => {
    const { cache } = setup()
    cache.set('a', 1)
    cache.set('ab', 2)

    assert.equal(cache.delete('a'), true)
    assert.equal(cache.delete('a'), false)

    assert.equal(cache.get('a'), undefined)
    assert.equal(cache.get('ab'), 2)
  })

  test('size counts keys, not calls', () => {
    const { cache } = setup()
    assert.equal(cache.size, 0)

    cache.set('a', 1)
    cache.set('a', 2)
    cache.set('b', 3)
    cache.delete('unknown')

    assert.equal(cache.size, 2)
  })
})
