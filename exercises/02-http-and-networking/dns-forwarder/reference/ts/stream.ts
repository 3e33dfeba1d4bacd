import type { Socket } from 'node:net'

/** Over TCP each message comes after its length. */
export function writeMessage(socket: Socket, message: Buffer): void {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  socket.write(Buffer.concat([length, message]))
}

/** A chunk of the stream may hold a part of a message, or several. */
export function readMessages(socket: Socket, take: (message: Buffer) => void): void {
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 2) {
      const end = 2 + received.readUInt16BE()
      if (received.length < end) return
      take(received.subarray(2, end))
      received = received.subarray(end)
    }
  })
}
