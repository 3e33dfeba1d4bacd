import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { step } from 'learn-backend/kit'
import {
  added,
  endsOf,
  expectOrder,
  message,
  newOrderId,
  pathOf,
  poll,
  post,
  randomEvent,
  type ShopEvent,
  withShop,
} from './shop.ts'

const old = ['mug', 'tea', 'pot'].map((sku) => {
  const id = randomUUID()
  return { id, orderId: `old-${id}`, type: 'item-added', sku, quantity: 1, cents: 100 }
})
const test = withShop({ partitions: 2, sessionMs: 2000, before: old.map((event) => message(event)) })

step('project', () => {
  test('begins with the oldest event', async ({ app }) => {
    for (const event of old) {
      const why = 'this event was published before your program started; its group had not committed anything yet'
      await expectOrder(app, event.orderId, [event], why)
    }
  })

  test('makes an order of its events', async ({ shop, app, kafka, random }) => {
    const orders = [newOrderId(random), `${random.unicode()} & ${random.hex(4)}`, newOrderId(random)]
    const events = Array.from({ length: 30 }, (_, i) => randomEvent(random, orders[i % 3] ?? ''))
    await kafka.produce(
      shop.topic,
      events.map((event) => message(event)),
    )
    for (const orderId of orders) {
      const mine = events.filter((event) => event.orderId === orderId)
      await expectOrder(app, orderId, mine, `the events were: ${mine.map((event) => JSON.stringify(event)).join(' ')}`)
    }
    expect(await app.get(pathOf(newOrderId(random))), 'nobody has heard of this order').toHaveStatus(404)
  })

  test('understands what others publish', async ({ shop, app, kafka, random }) => {
    const orderId = newOrderId(random)
    const events = Array.from({ length: 8 }, () => randomEvent(random, orderId))
    await kafka.produce(
      shop.topic,
      events.map((event) => ({
        ...message(event, JSON.stringify(rewritten(event), undefined, random.int(0, 3))),
        headers: { traceparent: random.hex(16), id: random.hex(4), type: 'v2' },
      })),
    )
    const why =
      'these events come from another producer: fields in another order, further fields, white space in the JSON, headers'
    await expectOrder(app, orderId, events, why)

    function rewritten(event: ShopEvent) {
      const fields = { ...event, at: '2026-01-01T00:00:00Z', source: { service: random.word() } }
      return Object.fromEntries(random.shuffle(Object.entries(fields)))
    }
  })

  test('passes over types that it does not know', async ({ shop, app, kafka, random }) => {
    const [known, unknown] = [newOrderId(random), newOrderId(random)]
    const news = (orderId: string) => ({
      ...added(random, orderId),
      type: random.pick(['gift-wrapped', 'Placed', 'toString']),
    })
    const events = [added(random, known), added(random, known)]
    const [first, second] = events as [ShopEvent, ShopEvent]
    const mixed = [news(unknown), first, news(known), second]
    await kafka.produce(
      shop.topic,
      mixed.map((event) => ({ ...message(event), partition: 0 })),
    )
    await expectOrder(app, known, events, 'among the two events that you know there are others of a new type')
    expect(await app.get(pathOf(unknown)), 'all events of this order are of a new type').toHaveStatus(404)
    const letters = (await kafka.read(shop.deadLetters))
      .map(({ value }) => value)
      .filter((value) => value.includes(known) || value.includes(unknown))
    expect(letters, 'dead letters: an unknown type is no mistake').toEqual([])
  })
})

step('duplicates', () => {
  test('an event that comes again changes nothing', async ({ shop, app, kafka, random }) => {
    const orderId = newOrderId(random)
    const [first, ...others] = Array.from({ length: 60 }, () => added(random, orderId)) as [ShopEvent, ...ShopEvent[]]
    const moved: ShopEvent = { id: random.uuid(), orderId, type: 'address-changed', address: 'Old Lane 1' }
    const movedAgain: ShopEvent = { ...moved, id: random.uuid(), address: 'New Road 2' }
    const last = added(random, orderId, 'end')
    const unique = [first, moved, movedAgain, ...others, last]
    const delivered = [first, first, moved, movedAgain, moved, ...others, ...others.slice(0, 20), first, moved, last]
    await kafka.produce(
      shop.topic,
      delivered.map((event) => message(event)),
    )
    const why =
      `${delivered.length} messages with ${unique.length} different events: some came again at once, some after many ` +
      'others. Each event counts once'
    await expectEventually(app, orderId, last)
    await expectOrder(app, orderId, unique, why, 1000)
  })

  test('a request that is repeated with its id counts once', async ({ app, random }) => {
    const orderId = newOrderId(random)
    const [event, last] = [added(random, orderId), added(random, orderId, 'end')]
    for (const { orderId: _, ...body } of [event, event, event, last]) {
      expect(await post(app, orderId, body)).toAnswer(202, expect.objectContaining({ id: body.id }))
    }
    await expectEventually(app, orderId, last)
    await expectOrder(
      app,
      orderId,
      [event, last],
      'a client has sent the same event three times, with the same id',
      1000,
    )
  })

  test('remembers across restarts', async ({ shop, app, kafka, random }) => {
    const orderId = newOrderId(random)
    const [event, other, last] = [added(random, orderId), added(random, orderId), added(random, orderId, 'end')]
    await kafka.produce(shop.topic, [message(event)])
    await expectOrder(app, orderId, [event], 'one event')
    // Whether it ends on SIGTERM is the matter of another step.
    await app.stop().catch(() => {})
    await app.restart()
    await kafka.produce(shop.topic, [message(other), message(event), message(last)])
    await expectEventually(app, orderId, last)
    const why = 'before the restart an event was handled; after it the same event, with the same id, has come again'
    await expectOrder(app, orderId, [event, other, last], why, 1000)
  })
})

step('poison', () => {
  const poison = (orderId: string, id: string): string[] => [
    'not json',
    '{"id":"1","orderId":',
    'null',
    '17',
    '[]',
    '"placed"',
    '{}',
    JSON.stringify({ id, type: 'placed', customer: 'Ada' }),
    JSON.stringify({ orderId, type: 'placed', customer: 'Ada' }),
    JSON.stringify({ id, orderId }),
    JSON.stringify({ id: 7, orderId, type: 'shipped' }),
    JSON.stringify({ id, orderId, type: 'placed' }),
    JSON.stringify({ id, orderId, type: 'item-added', sku: 'mug', quantity: '3', cents: 5 }),
    JSON.stringify({ id, orderId, type: 'item-added', sku: 'mug', quantity: -3, cents: 5 }),
    JSON.stringify({ id, orderId, type: 'address-changed', address: null }),
  ]

  test('what comes behind a poison message is handled', async ({ shop, app, kafka, random }) => {
    const orderId = newOrderId(random)
    const events: ShopEvent[] = []
    const values: string[] = []
    for (const value of random.shuffle(poison(orderId, random.uuid()))) {
      const event = added(random, orderId)
      events.push(event)
      values.push(value, JSON.stringify(event))
    }
    await kafka.produce(
      shop.topic,
      values.map((value) => ({ key: orderId, value, partition: 0 })),
    )
    const why =
      `${values.length} messages in one partition: a poison message, a good event, and so on. The poison was ` +
      values.filter((_, i) => i % 2 === 0).join(' | ')
    await expectOrder(app, orderId, events, why)
  })

  test('poison messages become dead letters as they were', async ({ shop, app, kafka, random }) => {
    const orderId = newOrderId(random)
    const sent = random.shuffle([...poison(orderId, random.uuid()), `  ${random.unicode()} {} \n`]).map((value, i) => ({
      value,
      partition: i % 2,
      ...(random.bool(0.8) ? { key: random.pick([orderId, random.unicode()]) } : {}),
    }))
    const good = { ...message(added(random, orderId)), partition: 0 }
    const offsets = await endsOf(kafka, shop.topic)
    const first = new Map(offsets)
    await kafka.produce(shop.topic, [...sent, good])
    const letters = await poll(
      async () =>
        (await kafka.read(shop.deadLetters)).filter(
          ({ headers }) => Number(headers['offset']) >= (first.get(Number(headers['partition'])) ?? 0),
        ),
      (found) => found.length >= sent.length,
      { every: 100, deadline: 6000 },
    )
    for (const { key, value, partition } of sent) {
      const offset = offsets.get(partition) ?? 0
      offsets.set(partition, offset + 1)
      const origin = { topic: shop.topic, partition: String(partition), offset: String(offset) }
      const letter = letters.find(
        ({ headers }) => headers['partition'] === origin.partition && headers['offset'] === origin.offset,
      )
      const why = `partition ${partition}, offset ${offset} of TOPIC holds ${JSON.stringify(value)}: that is no event and belongs into DEAD_LETTER_TOPIC`
      expect(letter && { key: letter.key, value: letter.value, headers: letter.headers }, why).toEqual({
        key,
        value,
        headers: expect.objectContaining(origin),
      })
    }
    expect(letters, 'one dead letter for each poison message, and none for the good event').toHaveLength(sent.length)
    await expectOrder(app, orderId, [JSON.parse(good.value) as ShopEvent], 'one good event among the poison')
  })
})

/** Waits until the last of the events has counted: those before it in the same partition have had their turn then. */
async function expectEventually(app: Parameters<typeof expectOrder>[0], orderId: string, last: ShopEvent) {
  const answer = await poll(
    () => app.get(pathOf(orderId)),
    ({ status, text }) => status === 200 && text.includes(`"${String(last['sku'])}"`),
  )
  expect(answer, `the last of the events, ${JSON.stringify(last)}, should count`).toContainJson({
    items: { [String(last['sku'])]: 1 },
  })
}
