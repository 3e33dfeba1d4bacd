/** A request that is answered with a 4xx. Whoever throws it has changed nothing yet. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} reason
   * @param {Record<string, string>} [headers]
   */
  constructor(status, reason, headers = {}) {
    super(reason)
    this.status = status
    this.headers = headers
  }
}
