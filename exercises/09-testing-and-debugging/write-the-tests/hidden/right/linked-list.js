// A right cache, built differently: a doubly linked list, other messages, `now` asked often, `set` returns the cache,
// a promise of its own for each load.

class Node {
  constructor(key, value, end) {
    this.key = key
    this.value = value
    this.end = end
    this.older = this
    this.newer = this
  }

  unlink() {
    this.older.newer = this.newer
    this.newer.older = this.older
  }

  linkBefore(other) {
    this.newer = other
    this.older = other.older
    this.older.newer = this
    other.older = this
  }
}

class LinkedCache {
  hits = 0
  #capacity
  #ttl
  #now
  #head = new Node('', undefined, Infinity)
  #nodes = new Map()
  #pending = new Map()

  constructor({ now, ttl, capacity }) {
    if (!isLife(ttl)) throw new RangeError(`Not a time to live: ${String(ttl)}`)
    if (typeof capacity !== 'number' || capacity % 1 !== 0 || capacity <= 0) {
      throw new RangeError(`Not a capacity: ${String(capacity)}`)
    }
    this.#capacity = capacity
    this.#ttl = ttl
    this.#now = now
  }

  get size() {
    let living = 0
    for (let node = this.#head.newer; node !== this.#head; node = node.newer) {
      if (this.#now() < node.end) living += 1
    }
    return living
  }

  get(key) {
    const node = this.#living(key)
    if (node === undefined) return undefined
    this.hits += 1
    return this.#touch(node).value
  }

  set(key, value, ttl) {
    if (ttl !== undefined && !isLife(ttl)) throw new RangeError(`Not a time to live: ${String(ttl)}`)
    this.#pending.delete(key)
    this.#put(key, value, ttl ?? this.#ttl)
    return this
  }

  delete(key) {
    this.#pending.delete(key)
    const node = this.#living(key)
    if (node !== undefined) this.#drop(node)
    return node !== undefined
  }

  async load(key, loader) {
    const node = this.#living(key)
    if (node !== undefined) return this.#touch(node).value
    let load = this.#pending.get(key)
    if (load === undefined) {
      load = { settled: undefined }
      this.#pending.set(key, load)
      load.settled = this.#run(key, loader, load)
    }
    const { value, failed, error } = await load.settled
    if (failed) throw error
    return value
  }

  async #run(key, loader, load) {
    let outcome
    try {
      outcome = { value: await loader(key), failed: false }
    } catch (error) {
      outcome = { error, failed: true }
    }
    if (this.#pending.get(key) === load) {
      this.#pending.delete(key)
      if (!outcome.failed) this.#put(key, outcome.value, this.#ttl)
    }
    return outcome
  }

  #put(key, value, ttl) {
    const known = this.#nodes.get(key)
    if (known !== undefined) this.#drop(known)
    if (this.#nodes.size >= this.#capacity) this.#makeRoom()
    const node = new Node(key, value, this.#now() + ttl)
    this.#nodes.set(key, node)
    node.linkBefore(this.#head)
  }

  #makeRoom() {
    let victim = this.#head.newer
    for (let node = victim; node !== this.#head; node = node.newer) {
      if (this.#now() >= node.end) {
        victim = node
        break
      }
    }
    this.#drop(victim)
  }

  #living(key) {
    const node = this.#nodes.get(key)
    if (node === undefined || this.#now() < node.end) return node
    this.#drop(node)
    return undefined
  }

  #touch(node) {
    node.unlink()
    node.linkBefore(this.#head)
    return node
  }

  #drop(node) {
    node.unlink()
    this.#nodes.delete(node.key)
  }
}

function isLife(ttl) {
  return typeof ttl === 'number' && ttl > 0
}

export function createCache(options) {
  return new LinkedCache(options)
}
