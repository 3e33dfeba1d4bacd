// A right cache on a slow machine: whoever waits for a timer waits for the machine too. Tests without timers are not slowed.

import { createCache as create } from './as-given.js'

const cell = new Int32Array(new SharedArrayBuffer(4))
let delays = 12

function delay() {
  if (delays === 0 || !process.getActiveResourcesInfo().includes('Timeout')) return
  delays -= 1
  Atomics.wait(cell, 0, 0, 60)
}

export function createCache(options) {
  const cache = create(options)
  const slowed =
    (method) =>
    (...args) => {
      try {
        return cache[method](...args)
      } finally {
        delay()
      }
    }
  return {
    get size() {
      return cache.size
    },
    get: slowed('get'),
    set: slowed('set'),
    delete: slowed('delete'),
    load: slowed('load'),
  }
}
