import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'

/**
 * @typedef {{ method: string, path: string, contentType: string | undefined, body: Buffer }} Call
 * @typedef {{ status: number, contentType: string | undefined, body: Buffer }} Answer
 */

/**
 * Asks the upstream once. Never rejects.
 *
 * @param {string} upstreamUrl
 * @param {Call} call
 * @param {number} timeoutMs
 * @returns {Promise<Answer | 'timeout' | 'broken'>} a complete answer, or how else the call ended: too late, or on a
 *   connection that could not be used
 */
export function ask(upstreamUrl, call, timeoutMs) {
  return new Promise((resolve) => {
    // One signal for everything from the connect to the last byte. It closes the connection, too.
    const signal = AbortSignal.timeout(timeoutMs)
    const fail = () => resolve(signal.aborted ? 'timeout' : 'broken')
    const headers = call.contentType === undefined ? {} : { 'content-type': call.contentType }
    // node:http sends the path as it is; fetch would normalise it.
    const outgoing = request(upstreamUrl, { method: call.method, path: call.path, headers, signal })
    outgoing.on('error', fail)
    outgoing.on('response', (incoming) => {
      const status = incoming.statusCode
      const contentType = incoming.headers['content-type']
      buffer(incoming).then((body) => resolve({ status, contentType, body }), fail)
    })
    outgoing.end(call.body)
  })
}
