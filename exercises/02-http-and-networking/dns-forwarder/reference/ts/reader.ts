/** The message is not what it says it is: bytes are missing, or a name is none. */
export class Malformed extends Error {}

/** Reads a message from its beginning to its end, and never past it. */
export class Reader {
  readonly message: Buffer
  at = 0

  constructor(message: Buffer, at = 0) {
    this.message = message
    this.at = at
  }

  /** Returns where the bytes begin. */
  skip(bytes: number): number {
    const start = this.at
    this.at += bytes
    if (this.at > this.message.length) throw new Malformed('it ends too early')
    return start
  }

  number8(): number {
    return this.message.readUInt8(this.skip(1))
  }

  number16(): number {
    return this.message.readUInt16BE(this.skip(2))
  }

  number32(): number {
    return this.message.readUInt32BE(this.skip(4))
  }

  /** Skips a name without following its pointers: so none of them can send us in circles. */
  skipName({ pointers }: { pointers: boolean }): void {
    const start = this.at
    for (let length = this.number8(); length !== 0; length = this.number8()) {
      if (length > 63) {
        if (!pointers || length < 0xc0) throw new Malformed('a label has more than 63 bytes')
        this.skip(1)
        return
      }
      this.skip(length)
    }
    if (this.at - start > 255) throw new Malformed('a name has more than 255 bytes')
  }
}
