import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LogFile } from './log-file.js'
import { decodePayload, encodeRecord, HEADER, sizeOf } from './record.js'

/** Garbage that is not worth a compaction. */
const TOLERATED_GARBAGE = 4 << 20
const COPY_CHUNK = 1 << 20

/** @typedef {import('./record.js').Change} Change */

/**
 * Where the value of a key lies; `size` is what the whole change takes there.
 * @typedef {{ log: LogFile, at: number, length: number, size: number }} Entry
 */

/** @typedef {{ record: Buffer, resolve: () => void, reject: (error: unknown) => void }} Write */

/**
 * Values lie in one append-only log; an index in memory says where (the design of Bitcask). The log is the truth: the
 * index follows it, at the start by reading all of it, later record by record, once the record is on the disk.
 */
export class Store {
  /** @type {string} */
  #dir
  /** @type {LogFile} */
  #log
  /** @type {Map<string, Entry>} */
  #index = new Map()
  #live = 0
  /** @type {Write[]} */
  #waiting = []
  /** @type {Promise<void> | undefined} */
  #writing

  /**
   * Not for others: use `Store.open`.
   * @param {string} dir
   * @param {LogFile} log
   */
  constructor(dir, log) {
    this.#dir = dir
    this.#log = log
  }

  /**
   * @param {string} dir
   * @returns {Promise<Store>}
   */
  static async open(dir) {
    await rm(join(dir, 'compacted'), { force: true }) // of a compaction that did not come to its end
    const store = new Store(dir, await LogFile.open(join(dir, 'log')))
    for await (const { payloadAt, payload } of store.#log.records()) store.#apply(payload, payloadAt)
    await syncFolder(dir)
    return store
  }

  /**
   * @param {string} key
   * @returns {Promise<Buffer | undefined>}
   */
  async get(key) {
    const entry = this.#index.get(key)
    return entry && (await entry.log.read(entry.at, entry.length))
  }

  /**
   * Makes all changes or none. They are on the disk when the promise is fulfilled.
   * @param {Change[]} changes
   * @returns {Promise<void>}
   */
  write(changes) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record: encodeRecord(changes), resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** Finishes the writes that wait. */
  async close() {
    await this.#writing
    await this.#log.retire()
  }

  /**
   * The only place that writes: what comes first in the log comes first in the index. Writes that arrive while the
   * disk is busy wait, and share the next append and its sync (group commit).
   */
  async #writeAll() {
    while (this.#waiting.length > 0) {
      await this.#writeGroup(this.#waiting.splice(0))
      if (this.#log.end > TOLERATED_GARBAGE + this.#live && this.#log.end > 2 * this.#live) {
        await this.#compact().catch((error) => console.error('Compaction failed:', error))
      }
    }
    this.#writing = undefined
  }

  /** @param {Write[]} group */
  async #writeGroup(group) {
    try {
      let at = this.#log.end
      await this.#log.append(Buffer.concat(group.map(({ record }) => record)))
      for (const { record, resolve } of group) {
        this.#apply(record.subarray(HEADER), at + HEADER)
        at += record.length
        resolve()
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  /**
   * @param {Buffer} payload
   * @param {number} payloadAt
   */
  #apply(payload, payloadAt) {
    for (const change of decodePayload(payload)) {
      this.#live -= this.#index.get(change.key)?.size ?? 0
      if (change.deleted) {
        this.#index.delete(change.key)
      } else {
        const size = sizeOf(change)
        this.#index.set(change.key, { log: this.#log, at: payloadAt + change.at, length: change.length, size })
        this.#live += size
      }
    }
  }

  /**
   * Puts a new log with what is live in the place of the old one, in a single step: a crash leaves the one or the other.
   * Reads go on meanwhile, in the old log; writes wait. (A larger store would split its log into segments and compact
   * those to which nobody writes.)
   */
  async #compact() {
    const old = this.#log
    const path = join(this.#dir, 'compacted')
    await rm(path, { force: true })
    const compacted = await LogFile.open(path)
    try {
      const moved = await this.#copyLive(old, compacted)
      await rename(path, join(this.#dir, 'log'))
      this.#log = compacted
      this.#index = moved
    } catch (error) {
      await compacted.retire()
      throw error
    }
    await old.retire()
    await syncFolder(this.#dir)
  }

  /**
   * Returns the index of the copy.
   * @param {LogFile} from
   * @param {LogFile} to
   * @returns {Promise<Map<string, Entry>>}
   */
  async #copyLive(from, to) {
    const moved = new Map()
    const chunk = []
    let at = 0
    for await (const { payloadAt, payload } of from.records()) {
      for (const change of decodePayload(payload)) {
        const entry = this.#index.get(change.key)
        if (entry?.at !== payloadAt + change.at) continue
        const value = payload.subarray(change.at, change.at + change.length)
        const record = encodeRecord([{ key: change.key, value }])
        moved.set(change.key, { ...entry, log: to, at: at + record.length - value.length })
        at += record.length
        chunk.push(record)
      }
      if (at - to.end >= COPY_CHUNK) await to.append(Buffer.concat(chunk.splice(0)))
    }
    await to.append(Buffer.concat(chunk))
    return moved
  }
}

/**
 * A new name in a folder is safe only when the folder itself is on the disk.
 * @param {string} dir
 */
async function syncFolder(dir) {
  const folder = await open(dir)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
