// A right cache on a slow machine: whoever waits for a timer waits for the machine too. Tests without timers are not slowed.

import { createCache as create } from './as-given.js'

const cell = new Int32Array(new SharedArrayBuffer(4))
let delays = 12

function timers() {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

function delay(notOurs) {
  if (delays === 0 || timers() <= notOurs) return
  delays -= 1
  Atomics.wait(cell, 0, 0, 60)
}

export function createCache(options) {
  const cache = create(options)
  // Vitest and Jest have a timer of their own while a test runs.
  const notOurs = process.env.VITEST || process.env.JEST_WORKER_ID ? timers() : 0
  const slowed =
    (method) =>
    (...args) => {
      try {
        return cache[method](...args)
      } finally {
        delay(notOurs)
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
