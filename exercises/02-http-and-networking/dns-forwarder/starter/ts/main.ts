import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

const port = Number(process.env.PORT ?? 5300)
const upstream = process.env.DNS_UPSTREAM ?? '127.0.0.1:53'

/** Returns the answer to a client's message. */
function respond(message: Buffer): Buffer {
  // Begin with asking the upstream over UDP. For now every question is answered with NOTIMP.
  const answer = Buffer.from(message)
  answer.writeUInt16BE(0x8184, 2)
  return answer
}

const udp = createSocket('udp4')
udp.on('message', (message, client) => {
  if (message.length >= 12) udp.send(respond(message), client.port, client.address)
})

const tcp = createServer((socket) => {
  socket.on('error', () => {})
  socket.end()
})

udp.bind(port, '127.0.0.1', () => {
  tcp.listen(port, '127.0.0.1', () => console.log(`DNS forwarder to ${upstream} on port ${port}`))
})
