import { stripVTControlCharacters } from 'node:util'

export type OutputStream = 'stdout' | 'stderr'

interface Piece {
  stream: OutputStream
  bytes: Buffer
  /** Bytes that came before it. */
  offset: number
}

/**
 * What a program printed. Everything is drained, so that the program never blocks on a full pipe; of a
 * long output only the first and the last part are kept in memory.
 */
export class OutputLog {
  /** All bytes that came, kept or not. */
  totalBytes = 0
  #head: Piece[] = []
  #tail: Piece[] = []
  #headBytes = 0
  #tailBytes = 0
  readonly #keepBytes: number

  /** @param keepBytes how much of the beginning, and again of the end, is kept */
  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes
  }

  push(stream: OutputStream, bytes: Buffer): void {
    const offset = this.totalBytes
    this.totalBytes += bytes.length
    if (this.#headBytes < this.#keepBytes) {
      this.#head.push({ stream, bytes, offset })
      this.#headBytes += bytes.length
      return
    }
    this.#tail.push({ stream, bytes, offset })
    this.#tailBytes += bytes.length
    while (this.#tail.length > 1 && this.#tailBytes - (this.#tail[0]?.bytes.length ?? 0) >= this.#keepBytes) {
      this.#tailBytes -= this.#tail.shift()?.bytes.length ?? 0
    }
  }

  /** stdout and stderr in the order of their arrival. */
  get text(): string {
    return this.#join()
  }

  get stdout(): string {
    return this.#join('stdout')
  }

  get stderr(): string {
    return this.#join('stderr')
  }

  get lines(): string[] {
    return splitLines(this.text)
  }

  /**
   * The last lines, without control characters, each cut to a readable length.
   * @param from only what came after so many bytes ({@link totalBytes} at an earlier moment)
   */
  lastLines(count: number, from = 0): string[] {
    const kept = [...this.#head, ...this.#tail].filter((piece) => piece.offset + piece.bytes.length > from)
    const text = Buffer.concat(kept.map(({ bytes, offset }) => bytes.subarray(Math.max(0, from - offset))))
    return splitLines(harmless(text.toString('utf8')))
      .slice(-count)
      .map((line) => (line.length > 240 ? `${line.slice(0, 240)}…` : line))
  }

  #join(stream?: OutputStream): string {
    const pick = (pieces: Piece[]) =>
      Buffer.concat(pieces.filter((piece) => !stream || piece.stream === stream).map((piece) => piece.bytes))
    const dropped = this.totalBytes - this.#headBytes - this.#tailBytes
    if (dropped === 0) return Buffer.concat([pick(this.#head), pick(this.#tail)]).toString('utf8')
    return `${pick(this.#head).toString('utf8')}\n[... ${dropped} bytes left out ...]\n${pick(this.#tail).toString('utf8')}`
  }
}

/**
 * Text that a terminal, a log or a report can print as it is: no escape sequences, no control characters, nothing that turns the direction of
 * writing round. */
export function harmless(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what it is about
  return stripVTControlCharacters(text).replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => (character === '\r' ? '' : '\ufffd'),
  )
}

function splitLines(text: string): string[] {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}
