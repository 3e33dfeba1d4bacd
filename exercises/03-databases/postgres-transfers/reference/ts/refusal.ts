/** The client asked for something that it can't have. Thrown wherever that is noticed, answered in one place. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
