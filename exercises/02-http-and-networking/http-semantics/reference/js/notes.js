import { createHash, randomUUID } from 'node:crypto'
import { isObject } from './json.js'
import { Refusal } from './refusal.js'

/**
 * A note as it is sent, serialised once, and the entity tag of exactly these bytes.
 * @typedef {{ id: string, content: import('./json.js').JsonObject, text: string, etag: string }} Note
 */

/** Every method is synchronous: whoever checks and writes without an `await` in between can't be overtaken. */
export class Notes {
  /** @type {Map<string, Note>} */
  #notes = new Map()

  /**
   * @param {string} id
   * @returns {Note | undefined}
   */
  find(id) {
    return this.#notes.get(id)
  }

  /** @returns {Note[]} */
  all() {
    return [...this.#notes.values()]
  }

  /**
   * Creates or replaces; refuses with 422 what is not a note.
   * @param {string} id
   * @param {import('./json.js').Json} value
   * @returns {Note}
   */
  save(id, value) {
    if (!isObject(value) || typeof value.title !== 'string' || value.title === '') {
      throw new Refusal(422, 'A note is an object with a title.')
    }
    const content = { ...value, id }
    const text = JSON.stringify(content)
    // A hash never gives two contents the same tag; a counter would after a deletion, a clock within its tick.
    const etag = `"${createHash('sha256').update(text).digest('base64url')}"`
    const note = { id, content, text, etag }
    this.#notes.set(id, note)
    return note
  }

  /** @param {string} id */
  remove(id) {
    this.#notes.delete(id)
  }

  /**
   * An id that no note has, whatever ids clients chose for theirs.
   * @returns {string}
   */
  freeId() {
    const id = randomUUID()
    return this.#notes.has(id) ? this.freeId() : id
  }
}
