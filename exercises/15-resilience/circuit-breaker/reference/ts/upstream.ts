import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface Call {
  method: string
  path: string
  contentType: string | undefined
  body: Buffer
}

export interface Answer {
  status: number
  contentType: string | undefined
  body: Buffer
}

/** How a call ended: with a complete answer, too late, or on a connection that could not be used. */
export type Outcome = Answer | 'timeout' | 'broken'

/** Asks the upstream once. Never rejects. */
export function ask(upstreamUrl: string, call: Call, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    // One signal for everything from the connect to the last byte. It closes the connection, too.
    const signal = AbortSignal.timeout(timeoutMs)
    const fail = () => resolve(signal.aborted ? 'timeout' : 'broken')
    const headers = call.contentType === undefined ? {} : { 'content-type': call.contentType }
    // node:http sends the path as it is; fetch would normalise it.
    const outgoing = request(upstreamUrl, { method: call.method, path: call.path, headers, signal })
    outgoing.on('error', fail)
    outgoing.on('response', (incoming) => {
      const status = incoming.statusCode ?? 502
      const contentType = incoming.headers['content-type']
      buffer(incoming).then((body) => resolve({ status, contentType, body }), fail)
    })
    outgoing.end(call.body)
  })
}
