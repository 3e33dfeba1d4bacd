/** A request of a client to a service, in the service's own words. */
export interface Message {
  /** The command, as `GET` or `SELECT`. */
  name: string
  args: string[]
  /** The whole of it in one line. */
  text: string
}

/** Turns the two directions of one connection into requests and answers. Answers come in the order of requests. */
export interface Decoder {
  sent(bytes: Buffer): Message[]
  received(bytes: Buffer): string[]
}
