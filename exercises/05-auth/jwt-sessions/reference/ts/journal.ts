import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'

/**
 * An append-only file with one JSON value per line. `append` returns when the line is in the kernel's hands, which
 * survives a kill -9; to survive a power failure as well it would need fsync.
 */
export class Journal<Entry> {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  read(): Entry[] {
    if (!existsSync(this.#path)) return []
    const bytes = readFileSync(this.#path)
    // A line that was cut off has no newline, and nobody has been told that it was written.
    const end = bytes.lastIndexOf('\n') + 1
    if (end < bytes.length) truncateSync(this.#path, end)
    const lines = bytes.subarray(0, end).toString().split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as Entry)
  }

  append(entry: Entry): void {
    appendFileSync(this.#path, JSON.stringify(entry) + '\n', { mode: 0o600 })
  }
}
