import type { Socket } from 'node:net'

/** A message as it goes over TCP: after its length in two bytes (RFC 1035, section 4.2.2). */
export function withLength(message: Uint8Array): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** Splits what comes over TCP into messages, without their lengths. */
export function readMessages(socket: Socket, take: (message: Buffer) => void): void {
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
      const end = 2 + received.readUInt16BE()
      take(Buffer.from(received.subarray(2, end)))
      received = received.subarray(end)
    }
  })
}
