/** A mistake of the user, or a state of the machine, that one sentence explains. What else is thrown is a bug. */
export class Refusal extends Error {
  name = 'Refusal'
}
