import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { boom, deferred, errorOf, present, setup, TTL, unexpected } from './setup.ts'

describe('loading', () => {
  test('what is there is not loaded', async () => {
    const { cache } = setup()
    cache.set('a', 1)

    assert.equal(await cache.load('a', unexpected), 1)
  })

  test('what is not there is loaded by its key, at once, and stored', async () => {
    const { cache } = setup()
    const keys: string[] = []

    const load = cache.load('a', (key) => {
      keys.push(key)
      return 1
    })

    assert.deepEqual(keys, ['a'])
    assert.equal(await load, 1)
    assert.equal(await cache.load('a', unexpected), 1)
  })

  test('a loaded value evicts like one that was set', async () => {
    const { cache } = setup({ capacity: 2 })
    cache.set('a', 1)
    cache.set('b', 2)

    await cache.load('c', async () => 3)

    assert.equal(cache.size, 2)
    assert.deepEqual(present(cache, ['a', 'b', 'c']), ['b', 'c'])
  })

  test('the life of a loaded value begins when the loader is done', async () => {
    const { cache, clock } = setup()
    const answer = deferred()
    const load = cache.load('a', () => answer.promise)
    clock.time += TTL / 2

    answer.resolve(1)
    await load

    clock.time += TTL - 1
    assert.equal(cache.get('a'), 1)
    clock.time += 1
    assert.equal(cache.get('a'), undefined)
  })

  const failures: Record<string, () => unknown> = {
    throws: () => {
      throw boom
    },
    rejects: () => Promise.reject(boom),
  }
  for (const [name, loader] of Object.entries(failures)) {
    test(`a loader that ${name} makes load reject, and the next load tries again`, async () => {
      const { cache } = setup()

      const load = cache.load('a', loader)

      assert.equal(await errorOf(load), boom)
      assert.equal(cache.size, 0)
      assert.equal(await cache.load('a', () => 1), 1)
    })
  }
})
