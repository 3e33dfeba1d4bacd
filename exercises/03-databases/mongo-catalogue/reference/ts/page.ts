import type { Filter, Sort } from 'mongodb'
import { type Parameters, take } from './filter.ts'
import type { Product } from './product.ts'
import { bad } from './refusal.ts'

const sorts = {
  sku: { sku: 1 },
  price: { price: 1, sku: 1 },
  '-price': { price: -1, sku: -1 },
} satisfies Record<string, Sort>

type SortName = keyof typeof sorts

/** The last product of a page, as far as its place in the order goes. The product itself may be gone by now. */
interface Position {
  price: number
  sku: string
}

export interface Page {
  name: SortName
  sort: Sort
  limit: number
  after: Position | undefined
}

export function takePage(parameters: Parameters): Page {
  const name = take(parameters, 'sort') ?? 'sku'
  if (!isSort(name)) throw bad(`there is no order ${name}`)
  const limit = take(parameters, 'limit') ?? '20'
  if (!/^[1-9]\d{0,2}$/.test(limit) || Number(limit) > 100) throw bad('limit must be a number from 1 to 100')
  const cursor = take(parameters, 'cursor')
  return {
    name,
    sort: sorts[name],
    limit: Number(limit),
    after: cursor === undefined ? undefined : decode(cursor, name),
  }
}

function isSort(name: string): name is SortName {
  return Object.hasOwn(sorts, name)
}

/** What comes after the position. The bound on the price alone lets the index begin at the right place. */
export function beyond({ name, after }: Page): Filter<Product> {
  if (after === undefined) return {}
  const { price, sku } = after
  if (name === 'sku') return { sku: { $gt: sku } }
  return name === 'price'
    ? { price: { $gte: price }, $or: [{ price: { $gt: price } }, { sku: { $gt: sku } }] }
    : { price: { $lte: price }, $or: [{ price: { $lt: price } }, { sku: { $lt: sku } }] }
}

export function encode(name: SortName, { price, sku }: Position): string {
  return Buffer.from(JSON.stringify([name, price, sku])).toString('base64url')
}

/** A cursor comes from the client, like everything else: only texts and numbers get through. */
function decode(cursor: string, name: SortName): Position {
  try {
    const [sort, price, sku, ...rest] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    const isPosition = typeof sku === 'string' && Number.isInteger(price) && rest.length === 0
    if (isPosition && sort === name) return { price: price as number, sku }
  } catch {
    // No JSON, or no list: no cursor.
  }
  throw bad('this is no cursor for this order')
}
