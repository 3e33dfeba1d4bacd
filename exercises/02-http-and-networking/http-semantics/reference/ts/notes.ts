import { createHash, randomUUID } from 'node:crypto'
import { isObject, type Json, type JsonObject } from './json.ts'
import { Refusal } from './refusal.ts'

/** A note as it is sent, serialised once, and the entity tag of exactly these bytes. */
export interface Note {
  id: string
  content: JsonObject
  text: string
  etag: string
}

/** Every method is synchronous: whoever checks and writes without an `await` in between can't be overtaken. */
export class Notes {
  readonly #notes = new Map<string, Note>()

  find(id: string): Note | undefined {
    return this.#notes.get(id)
  }

  all(): Note[] {
    return [...this.#notes.values()]
  }

  /** Creates or replaces; refuses with 422 what is not a note. */
  save(id: string, value: Json): Note {
    if (!isObject(value) || typeof value['title'] !== 'string' || value['title'] === '') {
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

  remove(id: string): void {
    this.#notes.delete(id)
  }

  /** An id that no note has, whatever ids clients chose for theirs. */
  freeId(): string {
    const id = randomUUID()
    return this.#notes.has(id) ? this.freeId() : id
  }
}
