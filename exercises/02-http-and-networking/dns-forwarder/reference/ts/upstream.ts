import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { type Answer, encodeQuery, readAnswer } from './message.ts'
import type { Question } from './sections.ts'
import { readMessages, writeMessage } from './stream.ts'

export interface Upstream {
  host: string
  port: number
  timeoutMs: number
}

interface Exchange {
  upstream: Upstream
  query: Buffer
  /** The answer to the query, if the message is that. */
  read(message: Buffer): Answer | undefined
  deadline: AbortSignal
}

/** Asks once, and over TCP when the answer is too large for UDP. Undefined when no answer comes in time; never rejects. */
export async function askUpstream(upstream: Upstream, question: Question): Promise<Answer | undefined> {
  const id = randomInt(0x10000)
  const exchange = {
    upstream,
    query: encodeQuery(id, question),
    read: (message: Buffer) => readAnswer(message, id, question),
    deadline: AbortSignal.timeout(upstream.timeoutMs),
  }
  const answer = await overUdp(exchange)
  return answer?.truncated ? overTcp(exchange) : answer
}

function overUdp({ upstream, query, read, deadline }: Exchange): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    // A socket for each question: who wants to forge an answer has to guess its port, too. It is connected, so that the
    // system drops what others send to it.
    const socket = createSocket('udp4')
    let open = true
    const end = (answer?: Answer) => {
      if (open) socket.close()
      open = false
      resolve(answer)
    }
    socket.on('message', (message) => {
      const answer = read(message)
      if (answer) end(answer)
    })
    socket.on('error', () => end())
    deadline.addEventListener('abort', () => end(), { once: true })
    socket.connect(upstream.port, upstream.host, () => {
      if (open) socket.send(query)
    })
  })
}

function overTcp({ upstream, query, read, deadline }: Exchange): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    if (deadline.aborted) return resolve(undefined)
    const socket = connect(upstream.port, upstream.host)
    const end = (answer?: Answer) => {
      socket.destroy()
      resolve(answer)
    }
    readMessages(socket, (message) => {
      const answer = read(message)
      if (answer) end(answer)
    })
    socket.on('error', () => end())
    socket.on('close', () => end())
    deadline.addEventListener('abort', () => end(), { once: true })
    writeMessage(socket, query)
  })
}
