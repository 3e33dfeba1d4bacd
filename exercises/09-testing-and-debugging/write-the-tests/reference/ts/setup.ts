import assert from 'node:assert/strict'
import { type Cache, type CacheOptions, createCache } from './cache.ts'

export const TTL = 1000
export const boom = new Error('boom')

/** A cache for values of any type, with a clock that only the test moves. */
export function setup(options: Partial<CacheOptions> = {}) {
  const clock = { time: 1_000_000 }
  return { clock, cache: createCache<unknown>({ capacity: 10, ttl: TTL, now: () => clock.time, ...options }) }
}

/** A promise that the test settles when it wants to: the only way to be *between* two events without waiting. */
export function deferred() {
  let resolve!: (value: unknown) => void
  let reject!: (error: Error) => void
  const promise = new Promise((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}

/** Fails when the promise resolves, which a bare try/catch would let pass. */
export function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => assert.fail(`resolved with ${String(value)}`),
    (error: unknown) => error,
  )
}

export function present(cache: Cache<unknown>, keys: string[]): string[] {
  return keys.filter((key) => cache.get(key) !== undefined)
}

export function unexpected(key: string): never {
  throw new Error(`the loader of ${key} was called`)
}
