import type { OrderEvent } from './events.ts'

export interface Order {
  orderId: string
  status: 'placed' | 'shipped' | null
  customer: string | null
  address: string | null
  items: Record<string, number>
  totalCents: number
}

/** The order that these events make, one after the other. What comes again, with the same id, changes nothing. */
export function orderFrom(orderId: string, events: Iterable<OrderEvent>): Order {
  const order: Order = { orderId, status: null, customer: null, address: null, items: {}, totalCents: 0 }
  const seen = new Set<string>()
  const items = new Map<string, number>()
  for (const event of events) {
    if (seen.has(event.id)) continue
    seen.add(event.id)
    switch (event.type) {
      case 'placed':
        order.status = 'placed'
        order.customer = event.customer
        break
      case 'item-added':
        items.set(event.sku, (items.get(event.sku) ?? 0) + event.quantity)
        order.totalCents += event.quantity * event.cents
        break
      case 'address-changed':
        order.address = event.address
        break
      case 'shipped':
        order.status = 'shipped'
        break
    }
  }
  return { ...order, items: Object.fromEntries(items) }
}
