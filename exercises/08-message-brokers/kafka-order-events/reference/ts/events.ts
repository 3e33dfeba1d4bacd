export type OrderEvent = { id: string; orderId: string } & (
  | { type: 'placed'; customer: string }
  | { type: 'item-added'; sku: string; quantity: number; cents: number }
  | { type: 'address-changed'; address: string }
  | { type: 'shipped' }
)

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string' && value !== ''
const isWhole =
  (least: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) >= least

const fieldsOf = new Map<unknown, Record<string, Check>>([
  ['placed', { customer: isText }],
  ['item-added', { sku: isText, quantity: isWhole(1), cents: isWhole(0) }],
  ['address-changed', { address: isText }],
  ['shipped', {}],
])

/** The event in a JSON text, `unknown type` for one that a newer program may understand, `poison` for what nobody can handle. */
export function parseEvent(text: string): OrderEvent | 'unknown type' | 'poison' {
  const event = parseObject(text)
  if (!event || ![event['id'], event['orderId'], event['type']].every(isText)) return 'poison'
  const fields = fieldsOf.get(event['type'])
  if (!fields) return 'unknown type'
  const isGood = Object.entries(fields).every(([name, check]) => check(event[name]))
  return isGood ? (event as OrderEvent) : 'poison'
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
