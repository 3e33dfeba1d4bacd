export const MAX_KEY = 512
export const MAX_VALUE = 8 << 20

/** What the client did wrong, and the HTTP status that says so. */
export class BadRequest extends Error {
  /**
   * @param {string} message
   * @param {number} [status]
   */
  constructor(message, status = 400) {
    super(message)
    this.status = status
  }
}

/**
 * @param {unknown} key
 * @returns {string}
 */
export function checkKey(key) {
  if (typeof key !== 'string' || key === '') throw new BadRequest('A key is missing')
  if (Buffer.byteLength(key) > MAX_KEY) throw new BadRequest(`A key has at most ${MAX_KEY} bytes`)
  return key
}
