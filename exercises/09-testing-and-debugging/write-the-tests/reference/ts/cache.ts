export interface CacheOptions {
  /** How many entries the cache holds at most. */
  capacity: number
  /** How long an entry lives, in milliseconds. */
  ttl: number
  /** The clock: the time in milliseconds. The cache knows no other. */
  now: () => number
}

export interface Cache<V> {
  readonly size: number
  get(key: string): V | undefined
  set(key: string, value: V, ttl?: number): void
  delete(key: string): boolean
  load(key: string, loader: (key: string) => V | Promise<V>): Promise<V>
}

interface Entry<V> {
  value: V
  expires: number
}

export function createCache<V>({ capacity, ttl, now }: CacheOptions): Cache<V> {
  if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError('capacity must be a whole number from 1')
  checkTtl(ttl)

  // A Map keeps the order of insertion: the entry used least recently comes first.
  const entries = new Map<string, Entry<V>>()
  const loads = new Map<string, Promise<V>>()

  function find(key: string): Entry<V> | undefined {
    removeExpired()
    const entry = entries.get(key)
    if (entry) {
      entries.delete(key)
      entries.set(key, entry)
    }
    return entry
  }

  function store(key: string, value: V, life: number) {
    removeExpired()
    entries.delete(key)
    for (const oldest of entries.keys()) {
      if (entries.size < capacity) break
      entries.delete(oldest)
    }
    entries.set(key, { value, expires: now() + life })
  }

  function removeExpired() {
    const time = now()
    for (const [key, entry] of entries) {
      if (entry.expires <= time) entries.delete(key)
    }
  }

  function startLoad(key: string, loader: (key: string) => V | Promise<V>): Promise<V> {
    // A load that `set` or `delete` has overtaken is no longer in `loads` and must leave the cache alone.
    const isCurrent = () => loads.get(key) === load
    const load = (async () => loader(key))().then(
      (value) => {
        if (isCurrent()) {
          loads.delete(key)
          store(key, value, ttl)
        }
        return value
      },
      (error: unknown) => {
        if (isCurrent()) loads.delete(key)
        throw error
      },
    )
    loads.set(key, load)
    return load
  }

  return {
    get size() {
      removeExpired()
      return entries.size
    },

    get(key) {
      return find(key)?.value
    },

    set(key, value, life = ttl) {
      checkTtl(life)
      loads.delete(key)
      store(key, value, life)
    },

    delete(key) {
      removeExpired()
      loads.delete(key)
      return entries.delete(key)
    },

    async load(key, loader) {
      const entry = find(key)
      if (entry) return entry.value
      return loads.get(key) ?? startLoad(key, loader)
    },
  }
}

function checkTtl(ttl: number) {
  if (typeof ttl !== 'number' || !(ttl > 0)) throw new RangeError('ttl must be a number greater than 0')
}
