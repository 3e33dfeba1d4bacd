import { BadRequest, checkKey, MAX_VALUE } from './limits.js'

const MAX_OPERATIONS = 1000

/** @typedef {import('./record.js').Change} Change */

/**
 * Checks all operations before any of them is used.
 * @param {Buffer} body
 * @returns {Change[]}
 */
export function parseBatch(body) {
  const operations = operationsOf(body)
  if (operations.length === 0 || operations.length > MAX_OPERATIONS) {
    throw new BadRequest(`A batch has 1 to ${MAX_OPERATIONS} operations`)
  }
  return operations.map(parseOperation)
}

/**
 * @param {Buffer} body
 * @returns {unknown[]}
 */
function operationsOf(body) {
  let batch
  try {
    batch = JSON.parse(body.toString())
  } catch {
    throw new BadRequest('A batch is JSON')
  }
  if (!isObject(batch) || !Array.isArray(batch.operations)) throw new BadRequest('A batch has a list of operations')
  return batch.operations
}

/**
 * @param {unknown} operation
 * @returns {Change}
 */
function parseOperation(operation) {
  if (!isObject(operation)) throw new BadRequest('An operation is an object')
  const key = checkKey(operation.key)
  if (operation.op === 'delete') return { key }
  if (operation.op !== 'put') throw new BadRequest('An operation is a put or a delete')
  if (typeof operation.value !== 'string') throw new BadRequest('A put has a value in base64')
  const value = Buffer.from(operation.value, 'base64')
  if (value.length > MAX_VALUE) throw new BadRequest(`A value has at most ${MAX_VALUE} bytes`, 413)
  return { key, value }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null
}
