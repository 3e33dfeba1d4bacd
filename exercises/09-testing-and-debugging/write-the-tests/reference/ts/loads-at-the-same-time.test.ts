import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { boom, deferred, errorOf, setup, unexpected } from './setup.ts'

describe('loads at the same time', () => {
  test('loads of one key share one call of the loader and its value', async () => {
    const { cache } = setup()
    const answer = deferred()

    const loads = [cache.load('a', () => answer.promise), cache.load('a', unexpected)]
    answer.resolve(1)

    assert.deepEqual(await Promise.all(loads), [1, 1])
  })

  test('loads of one key share its error', async () => {
    const { cache } = setup()
    const answer = deferred()

    const errors = [cache.load('a', () => answer.promise), cache.load('a', unexpected)].map(errorOf)
    answer.reject(boom)

    assert.deepEqual(await Promise.all(errors), [boom, boom])
  })

  test('a load does not wait for that of another key', async () => {
    const { cache } = setup()
    const slow = deferred()

    const slowLoad = cache.load('slow', () => slow.promise)

    assert.equal(await cache.load('fast', () => 1), 1)
    slow.resolve(2)
    assert.equal(await slowLoad, 2)
  })

  test('a key is not there before its loader is done', async () => {
    const { cache } = setup()
    const answer = deferred()

    const load = cache.load('a', () => answer.promise)

    assert.equal(cache.get('a'), undefined)
    assert.equal(cache.size, 0)
    answer.resolve(1)
    await load
    assert.equal(cache.get('a'), 1)
  })

  test('a value that is set during a load stays', async () => {
    const { cache } = setup()
    const answer = deferred()
    const load = cache.load('a', () => answer.promise)

    cache.set('a', 'new')
    answer.resolve('old')

    assert.equal(await load, 'old')
    assert.equal(cache.get('a'), 'new')
  })

  test('a value that is set during a load stays, also when the load fails', async () => {
    const { cache } = setup()
    const answer = deferred()
    const error = errorOf(cache.load('a', () => answer.promise))

    cache.set('a', 'new')
    answer.reject(boom)

    assert.equal(await error, boom)
    assert.equal(cache.get('a'), 'new')
  })

  test('a key that is deleted during a load stays deleted', async () => {
    const { cache } = setup()
    const answer = deferred()
    const load = cache.load('a', () => answer.promise)

    assert.equal(cache.delete('a'), false)
    answer.resolve('old')

    assert.equal(await load, 'old')
    assert.equal(cache.get('a'), undefined)
  })

  test('a load after a delete is a new one, which the old one does not disturb', async () => {
    const { cache } = setup()
    const [before, after] = [deferred(), deferred()]
    const oldLoad = cache.load('a', () => before.promise)
    cache.delete('a')

    const newLoad = cache.load('a', () => after.promise)
    before.resolve('old')

    assert.equal(await oldLoad, 'old')
    assert.equal(cache.get('a'), undefined)
    const joined = cache.load('a', unexpected)
    after.resolve('new')
    assert.deepEqual(await Promise.all([newLoad, joined]), ['new', 'new'])
    assert.equal(cache.get('a'), 'new')
  })

  test('an overtaken load that ends last does not overwrite the new one', async () => {
    const { cache } = setup()
    const [before, after] = [deferred(), deferred()]
    const oldLoad = cache.load('a', () => before.promise)
    cache.delete('a')
    const newLoad = cache.load('a', () => after.promise)

    after.resolve('new')
    await newLoad
    before.resolve('old')
    await oldLoad

    assert.equal(cache.get('a'), 'new')
  })
})
