import type { Evidence } from './evidence.ts'

/** The answer to a request, read to its last byte. */
export interface Answer {
  status: number
  statusText: string
  /** Names in lower case; repeated headers are joined with `, `. */
  headers: Record<string, string>
  rawHeaders: [string, string][]
  body: Buffer
  text: string
  /** The parsed body. A body that is not JSON fails the test. */
  // eslint-disable-next-line typescript/no-explicit-any -- a test asserts what it is
  json: any
  /** Milliseconds from sending to the last byte. */
  ms: number
}

/** An answer, with what was asked to get it. */
export const exchangeOf = new WeakMap<object, Evidence>()
