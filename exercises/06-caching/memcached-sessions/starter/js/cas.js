// memjs has no CAS operation, but lets us send commands of our own. This adds the two that are missing, as described in Memcached's binary
// protocol (https://docs.memcached.org/protocols/binary/). Like memjs' own functions they reject when the server does not answer.

const GET = 0x00
const SET = 0x01
const OK = 0
const NOT_FOUND = 1
const EXISTS = 2

/** `{ value, cas }`: the value of a key, and the mark that changes whenever somebody stores another value. Undefined if there is no such key. */
export async function gets(client, key) {
  const { header, val } = await send(client, { opcode: GET, key })
  if (header.status === NOT_FOUND) return undefined
  if (header.status !== OK) throw new Error(`memcached answered status ${header.status} to a get`)
  return { value: val, cas: header.cas }
}

/**
 * Stores a value, provided that the key still has the value that `gets` has read. `expires` is as in memjs' own `set`.
 * 'exists': somebody else has stored another value. 'not found': the key is gone.
 */
export async function cas(client, key, value, options) {
  const extras = Buffer.alloc(8) // flags, expiry
  extras.writeUInt32BE(options.expires, 4)
  const { header } = await send(client, { opcode: SET, key, extras, value, cas: options.cas })
  if (header.status === OK) return 'stored'
  if (header.status === EXISTS) return 'exists'
  if (header.status === NOT_FOUND) return 'not found'
  throw new Error(`memcached answered status ${header.status} to a set`)
}

function send(client, command) {
  client.incrSeq()
  const key = Buffer.from(command.key)
  const extras = command.extras ?? Buffer.alloc(0)
  const value = Buffer.from(command.value ?? '')
  const header = Buffer.alloc(24)
  header.writeUInt8(0x80, 0)
  header.writeUInt8(command.opcode, 1)
  header.writeUInt16BE(key.length, 2)
  header.writeUInt8(extras.length, 4)
  header.writeUInt32BE(extras.length + key.length + value.length, 8)
  header.writeUInt32BE(client.seq, 12)
  command.cas?.copy(header, 16)
  const request = Buffer.concat([header, extras, key, value])
  return new Promise((resolve, reject) => {
    client.perform(command.key, request, client.seq, (error, response) => {
      if (error) reject(error)
      else resolve(response)
    })
  })
}
