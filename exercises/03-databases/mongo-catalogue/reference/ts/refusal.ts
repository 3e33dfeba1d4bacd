/** Something that the client did, or that it has to know. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function bad(message: string): Refusal {
  return new Refusal(400, message)
}
