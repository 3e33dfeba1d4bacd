/** A request that is answered with a 4xx. Whoever throws it has changed nothing yet. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Record<string, string>

  constructor(status: number, reason: string, headers: Record<string, string> = {}) {
    super(reason)
    this.status = status
    this.headers = headers
  }
}
