import { crc32 } from 'node:zlib'

/**
 * One change to one key; without a value the key is deleted.
 * @typedef {{ key: string, value?: Buffer }} Change
 */

/**
 * A change as it lies in a record: `at` is where its value begins, counted from the start of the payload.
 * @typedef {{ key: string, deleted: boolean, at: number, length: number }} StoredChange
 */

/*
 * A record is one batch, so that a batch is valid as a whole or not at all:
 *
 *   record   crc32 (4 bytes) | length of the payload (4) | payload
 *   payload  for each change: kind (1) | length of the key (2) | length of the value (4) | key | value
 *
 * The checksum covers everything after itself. It is the only proof that all bytes of a record reached the disk:
 * after a power failure a file can have its full length and zeros at its end.
 */
export const HEADER = 8
const CHANGE_HEADER = 7
const PUT = 1
const DELETE = 2

/**
 * @param {Change[]} changes
 * @returns {Buffer}
 */
export function encodeRecord(changes) {
  const parts = [Buffer.alloc(HEADER)]
  for (const { key, value } of changes) {
    const name = Buffer.from(key)
    const head = Buffer.alloc(CHANGE_HEADER)
    head.writeUInt8(value === undefined ? DELETE : PUT, 0)
    head.writeUInt16BE(name.length, 1)
    head.writeUInt32BE(value?.length ?? 0, 3)
    parts.push(head, name)
    if (value !== undefined) parts.push(value)
  }
  const record = Buffer.concat(parts)
  record.writeUInt32BE(record.length - HEADER, 4)
  record.writeUInt32BE(crc32(record.subarray(4)), 0)
  return record
}

/**
 * The length of the payload that a record header announces.
 * @param {Buffer} header
 * @returns {number}
 */
export function payloadLength(header) {
  return header.readUInt32BE(4)
}

/**
 * Whether all bytes of a record are those that were written.
 * @param {Buffer} record
 * @returns {boolean}
 */
export function isIntact(record) {
  return crc32(record.subarray(4)) === record.readUInt32BE(0)
}

/**
 * @param {Buffer} payload
 * @returns {Generator<StoredChange>}
 */
export function* decodePayload(payload) {
  let at = 0
  while (at < payload.length) {
    const deleted = payload.readUInt8(at) === DELETE
    const keyLength = payload.readUInt16BE(at + 1)
    const length = payload.readUInt32BE(at + 3)
    const keyAt = at + CHANGE_HEADER
    const valueAt = keyAt + keyLength
    yield { key: payload.toString('utf8', keyAt, valueAt), deleted, at: valueAt, length }
    at = valueAt + length
  }
}

/**
 * What a change takes in a file; the header of its record is left out.
 * @param {StoredChange} change
 * @returns {number}
 */
export function sizeOf(change) {
  return CHANGE_HEADER + Buffer.byteLength(change.key) + change.length
}
