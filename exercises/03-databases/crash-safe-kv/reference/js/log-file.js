import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { HEADER, isIntact, payloadLength } from './record.js'

/** @typedef {import('node:fs/promises').FileHandle} FileHandle */

const WINDOW = 1 << 20

/** A file of records to which one writer appends, and from which any number of readers read. */
export class LogFile {
  /** Where the last intact record ends and the next one begins. */
  end = 0
  /** @type {FileHandle} */
  #file
  #readers = 0
  #retired = false

  /**
   * Not for others: use `LogFile.open`.
   * @param {FileHandle} file
   */
  constructor(file) {
    this.#file = file
  }

  /**
   * Opens the file, or creates it. Read `records()` to the end before the first append.
   * @param {string} path
   * @returns {Promise<LogFile>}
   */
  static async open(path) {
    return new LogFile(await open(path, constants.O_RDWR | constants.O_CREAT))
  }

  /**
   * All intact records from the start. The first one that is incomplete or damaged ends the log: it is what a crash
   * left of the last write. It is cut off, or else the next record would be appended behind something unreadable.
   * @returns {AsyncGenerator<{ payloadAt: number, payload: Buffer }>}
   */
  async *records() {
    const { size } = await this.#file.stat()
    let window = Buffer.alloc(0)
    let windowAt = 0
    /** @type {(at: number, length: number) => Promise<Buffer | undefined>} */
    const bytes = async (at, length) => {
      if (at + length > size) return undefined
      if (at + length > windowAt + window.length) {
        windowAt = at
        window = await readFully(this.#file, at, Math.min(Math.max(length, WINDOW), size - at))
      }
      return window.subarray(at - windowAt, at - windowAt + length)
    }

    let at = 0
    for (;;) {
      const header = await bytes(at, HEADER)
      const record = header && (await bytes(at, HEADER + payloadLength(header)))
      if (record === undefined || !isIntact(record)) break
      yield { payloadAt: at + HEADER, payload: record.subarray(HEADER) }
      at += record.length
    }
    this.end = at
    if (at < size) await this.#file.truncate(at)
  }

  /**
   * Writes records; when it returns they are on the disk, not only in the page cache.
   * @param {Buffer} records
   */
  async append(records) {
    try {
      await writeFully(this.#file, this.end, records)
      await this.#file.datasync()
    } catch (error) {
      // A full disk, say: whoever waits for this write is told, and nothing of it stays behind.
      await this.#file.truncate(this.end)
      throw error
    }
    this.end += records.length
  }

  /**
   * @param {number} at
   * @param {number} length
   * @returns {Promise<Buffer>}
   */
  async read(at, length) {
    this.#readers++
    try {
      return await readFully(this.#file, at, length)
    } finally {
      this.#readers--
      await this.#closeIfUnused()
    }
  }

  /** Closes the file once the last reader is done with it. */
  async retire() {
    this.#retired = true
    await this.#closeIfUnused()
  }

  async #closeIfUnused() {
    if (this.#retired && this.#readers === 0) await this.#file.close()
  }
}

// read(2) and write(2) may do less than they were asked for.

/**
 * @param {FileHandle} file
 * @param {number} at
 * @param {number} length
 * @returns {Promise<Buffer>}
 */
async function readFully(file, at, length) {
  const buffer = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, at + done)
    if (bytesRead === 0) throw new Error(`The log ends at ${at + done}, but ${at + length} bytes were expected`)
    done += bytesRead
  }
  return buffer
}

/**
 * @param {FileHandle} file
 * @param {number} at
 * @param {Buffer} bytes
 */
async function writeFully(file, at, bytes) {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done)
    done += bytesWritten
  }
}
