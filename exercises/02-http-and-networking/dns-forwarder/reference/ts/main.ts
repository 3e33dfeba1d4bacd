import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import { createBlocklist } from './blocklist.ts'
import { encodeAnswer, encodeEmpty, encodeRefusal, Rcode, readQuery } from './message.ts'
import { createResolver } from './resolve.ts'
import { readMessages, writeMessage } from './stream.ts'
import { askUpstream } from './upstream.ts'

const port = Number(process.env.PORT ?? 5300)
const [host = '127.0.0.1', upstreamPort = '53'] = (process.env.DNS_UPSTREAM ?? '127.0.0.1:53').split(':')
const timeoutMs = Number(process.env.UPSTREAM_TIMEOUT_MS ?? 2000)
const isBlocked = createBlocklist(process.env.BLOCKLIST ?? '')

const upstream = { host, port: Number(upstreamPort), timeoutMs }
const resolve = createResolver((question) => askUpstream(upstream, question))

/** The answer to a client's message, or undefined when it must get none. */
async function respond(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
  const query = readQuery(message)
  if (query === undefined) return undefined
  if (typeof query === 'number') return encodeRefusal(message, query)
  if (isBlocked(query.question.labels)) return encodeEmpty(query, Rcode.nxDomain)
  const resolved = await resolve(query.question)
  if (!resolved) return encodeEmpty(query, Rcode.servFail)
  const limit = transport === 'tcp' ? 0xffff : (query.udpSize ?? 512)
  return encodeAnswer(resolved.answer, query, { age: resolved.age, limit })
}

const udp = createSocket('udp4')
udp.on('message', async (message, client) => {
  try {
    const answer = await respond(message, 'udp')
    // Errors of sending are the client's: it may be gone, or have lied about its address.
    if (answer) udp.send(answer, client.port, client.address, () => {})
  } catch (error) {
    console.error(error)
  }
})

const tcp = createServer((socket: Socket) => {
  socket.on('error', () => socket.destroy()) // the client is gone
  socket.setTimeout(30_000, () => socket.destroy())
  readMessages(socket, async (message) => {
    try {
      const answer = await respond(message, 'tcp')
      if (answer && socket.writable) writeMessage(socket, answer)
    } catch (error) {
      console.error(error)
    }
  })
})

udp.bind(port, '127.0.0.1', () => {
  tcp.listen(port, '127.0.0.1', () => console.log(`DNS forwarder to ${host}:${upstreamPort} on port ${port}`))
})
