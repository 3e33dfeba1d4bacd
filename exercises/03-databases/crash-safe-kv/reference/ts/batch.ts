import { BadRequest, checkKey, MAX_VALUE } from './limits.ts'
import type { Change } from './record.ts'

const MAX_OPERATIONS = 1000

/** Checks all operations before any of them is used. */
export function parseBatch(body: Buffer): Change[] {
  const operations = operationsOf(body)
  if (operations.length === 0 || operations.length > MAX_OPERATIONS) {
    throw new BadRequest(`A batch has 1 to ${MAX_OPERATIONS} operations`)
  }
  return operations.map(parseOperation)
}

function operationsOf(body: Buffer): unknown[] {
  let batch: unknown
  try {
    batch = JSON.parse(body.toString())
  } catch {
    throw new BadRequest('A batch is JSON')
  }
  if (!isObject(batch) || !Array.isArray(batch['operations'])) throw new BadRequest('A batch has a list of operations')
  return batch['operations']
}

function parseOperation(operation: unknown): Change {
  if (!isObject(operation)) throw new BadRequest('An operation is an object')
  const key = checkKey(operation['key'])
  if (operation['op'] === 'delete') return { key }
  if (operation['op'] !== 'put') throw new BadRequest('An operation is a put or a delete')
  if (typeof operation['value'] !== 'string') throw new BadRequest('A put has a value in base64')
  const value = Buffer.from(operation['value'], 'base64')
  if (value.length > MAX_VALUE) throw new BadRequest(`A value has at most ${MAX_VALUE} bytes`, 413)
  return { key, value }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
