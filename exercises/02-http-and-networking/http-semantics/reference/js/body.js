import { isDeeperThan } from './json.js'
import { Refusal } from './refusal.js'

const maxBytes = 65_536
const maxDepth = 100

/**
 * Reads the whole body as JSON; refuses with 400 or 413.
 * @param {import('node:http').IncomingMessage} req
 * @returns {Promise<import('./json.js').Json>}
 */
export async function readJson(req) {
  const bytes = await readBytes(req)
  let value
  try {
    // Decoded only when it is complete: the pieces may be cut in the middle of a character.
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new Refusal(400, 'The body is not JSON in UTF-8.')
  }
  if (isDeeperThan(maxDepth, value)) throw new Refusal(400, `The body is nested more than ${maxDepth} deep.`)
  return value
}

/**
 * @param {import('node:http').IncomingMessage} req
 * @returns {Promise<Buffer>}
 */
function readBytes(req) {
  return new Promise((resolve, reject) => {
    const tooLong = new Refusal(413, `The body is longer than ${maxBytes} bytes.`)
    if (Number(req.headers['content-length'] ?? 0) > maxBytes) return reject(tooLong)
    const chunks = []
    let size = 0
    req.on('data', (chunk) => {
      size += chunk.length
      if (size <= maxBytes) chunks.push(chunk)
      else reject(tooLong)
    })
    req.on('end', () => resolve(Buffer.concat(chunks)))
    // Also when the client goes away before the end.
    req.on('error', () => reject(new Refusal(400, 'The body is not complete.')))
  })
}
