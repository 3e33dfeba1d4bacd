/** A mistake of the user, or a state of the machine, that one sentence explains. Everything else that is thrown is a bug. */
export class Refusal extends Error {
  override name = 'Refusal'
}
