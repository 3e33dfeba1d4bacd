import type { Session } from './sessions.ts'

export interface Item {
  sku: string
  count: number
}

const CAPACITY = 500

/** The items of a request body, undefined if there is anything wrong with it. */
export function parseItems(body: unknown): Item[] | undefined {
  const items = (body as { items?: unknown } | null)?.items
  if (!Array.isArray(items) || items.length < 1 || items.length > 100) return undefined
  return items.every(isItem) ? items : undefined
}

/** The session with more in its cart, undefined if there is no room. */
export function addItems(session: Session, items: Item[]): Session | undefined {
  const cart = new Map(session.cart)
  for (const { sku, count } of items) cart.set(sku, (cart.get(sku) ?? 0) + count)
  return cart.size > CAPACITY ? undefined : { ...session, cart: [...cart] }
}

export function showCart({ cart }: Session): { items: Item[] } {
  return { items: cart.map(([sku, count]) => ({ sku, count })) }
}

function isItem(value: unknown): value is Item {
  const { sku, count } = (value ?? {}) as Partial<Record<keyof Item, unknown>>
  if (typeof sku !== 'string' || sku === '' || sku.length > 200) return false
  return Number.isInteger(count) && (count as number) >= 1 && (count as number) <= 1000
}
