// A right cache, built differently: an array, frozen, one promise for all who wait, some more turns until it settles.

export function createCache(options) {
  const { capacity, ttl, now } = { ...options }
  const wrong = [Number.isInteger(capacity) && capacity >= 1 ? '' : 'capacity?', isPositive(ttl) ? '' : 'ttl?'].join('')
  if (wrong) throw new RangeError(wrong)

  let rows = [] // most recently used first
  const running = []

  const living = () => {
    rows = rows.filter((row) => !(now() >= row.end))
    return rows
  }

  const use = (key) => {
    const row = living().find((candidate) => candidate.key === key)
    if (row) rows = [row, ...rows.filter((other) => other !== row)]
    return row
  }

  const put = (key, value, life) => {
    const others = living().filter((row) => row.key !== key)
    rows = [{ key, value, end: now() + life }, ...others].slice(0, capacity)
  }

  const overtake = (key) => {
    for (const load of running) {
      if (load.key === key) load.overtaken = true
    }
  }

  const begin = (key, loader) => {
    const load = { key, overtaken: false, promise: undefined }
    const call = new Promise((resolve) => {
      resolve(loader(key))
    })
    load.promise = Promise.all([call, Promise.allSettled([call])])
      .then(([value]) => {
        if (!load.overtaken) put(key, value, ttl)
        return value
      })
      .finally(() => running.splice(running.indexOf(load), 1))
      .then((value) => Promise.resolve(value))
    running.push(load)
    return load
  }

  return Object.freeze({
    get size() {
      return living().length
    },
    get: (key) => use(key)?.value,
    set: (key, value, life = ttl) => {
      if (!isPositive(life)) throw new RangeError('ttl?')
      overtake(key)
      put(key, value, life)
      return value
    },
    delete: (key) => {
      overtake(key)
      const before = living().length
      rows = rows.filter((row) => row.key !== key)
      return rows.length < before
    },
    load: (key, loader) => {
      const row = use(key)
      if (row) return Promise.resolve(row.value)
      const joined = running.find((load) => load.key === key && !load.overtaken)
      return (joined ?? begin(key, loader)).promise
    },
  })
}

function isPositive(life) {
  return typeof life === 'number' && life > 0
}
