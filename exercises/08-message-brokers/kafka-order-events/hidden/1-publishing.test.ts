import { expect } from 'vitest'
import { step, together } from 'learn-backend/kit'
import { newOrderId, pathOf, poll, post, randomEvent, type ShopEvent, withShop } from './shop.ts'

const test = withShop({ partitions: 5 })

const message = expect.objectContaining({ error: expect.any(String) })

step('publish', () => {
  test('a request becomes a message with its order id as key', async ({ shop, app, kafka, random }) => {
    const orders = [newOrderId(random), `${random.unicode()} & ${random.int(1, 99)}?`, newOrderId(random)]
    const posted: ShopEvent[] = []
    for (const orderId of [...orders, ...orders]) {
      const { id, orderId: _, ...body } = randomEvent(random, orderId)
      const given = random.bool() ? { id } : {}
      const answer = await post(app, orderId, { ...body, ...given })
      expect(answer).toAnswer(202, expect.objectContaining({ id: expect.any(String), ...given }))
      posted.push({ ...body, id: answer.json.id, orderId })
    }
    const messages = await poll(
      () => kafka.read(shop.topic),
      ({ length }) => length >= posted.length,
      { deadline: 1500 },
    )
    const found = messages.map(({ key, value }) => ({ key, value: parsed(value) }))
    for (const event of posted) {
      const mine = found.filter(({ value }) => isObject(value) && value['id'] === event.id)
      const why = `POST ${pathOf(event.orderId)}/events got 202 with the id ${event.id}: one message in TOPIC has that id, in its value`
      expect(mine, why).toHaveLength(1)
      expect(mine[0]?.value, 'the value of the message is a JSON object').toEqual(expect.objectContaining(event))
      expect(mine[0]?.key, 'the key of the message is the order id').toBe(event.orderId)
    }
    expect(found, 'one message for each request').toHaveLength(posted.length)
    expect(new Set(posted.map(({ id }) => id)).size, 'each event has an id of its own').toBe(posted.length)
  })

  test('answers when Kafka has the message', async ({ shop, app, kafka, random }) => {
    const orderId = newOrderId(random)
    expect(await post(app, orderId, { type: 'shipped' })).toHaveStatus(202)
    kafka.link.delay(200)
    expect(await post(app, orderId, { type: 'shipped' })).toHaveStatus(202)
    const why =
      'messages in TOPIC after two requests were answered with 202. Kafka was slow for the second one (200 ms in each direction): ' +
      'the answer has to wait until Kafka has confirmed'
    const messages = (await kafka.read(shop.topic)).filter(({ value }) => readOrderId(value) === orderId)
    expect(messages, why).toHaveLength(2)
  })
})

step('refusals', () => {
  test('refuses what is no event, and publishes nothing', async ({ shop, app, kafka, random }) => {
    const path = `${pathOf(newOrderId(random))}/events`
    const item = { type: 'item-added', sku: 'mug', quantity: 2, cents: 950 }
    const before = await kafka.read(shop.topic)
    const bad: unknown[] = [
      {},
      [],
      null,
      'placed',
      { type: 'placed' },
      { type: 'placed', customer: '' },
      { type: 'placed', customer: 17 },
      { type: 'renamed', name: 'x' },
      { type: ['placed'], customer: 'Ada' },
      { ...item, quantity: 0 },
      { ...item, quantity: 1.5 },
      { ...item, quantity: '2' },
      { ...item, cents: -1 },
      { ...item, cents: null },
      { ...item, sku: undefined },
      { type: 'address-changed', address: { street: 'Main St' } },
      { type: 'shipped', id: '' },
      { type: 'shipped', id: 5 },
    ]
    for (const body of bad) expect(await app.post(path, { json: body })).toAnswer(400, message)
    const headers = { 'content-type': 'application/json' }
    for (const body of ['', '{"type":"shipped"', 'type=shipped']) {
      expect(await app.post(path, { body, headers })).toAnswer(400, message)
    }
    expect(await app.post(path, { json: item }), 'a good event after many bad ones').toHaveStatus(202)
    const news = (await kafka.read(shop.topic)).filter(
      ({ partition, offset }) => !before.some((old) => old.partition === partition && old.offset === offset),
    )
    const values = news.map(({ value }) => value)
    expect(values, `only one of ${bad.length + 4} requests was answered with 202`).toHaveLength(1)
  })
})

step('keys', () => {
  test("chooses the partition of Kafka's Java client", async ({ shop, app, kafka, random }) => {
    const orders = [...Array.from({ length: 9 }, () => newOrderId(random)), `${random.unicode()}-${random.hex(4)}`]
    await together(orders.length, async (i) => {
      expect(await post(app, orders[i] ?? '', { type: 'shipped' })).toHaveStatus(202)
    })
    // The test's own producer is of those that choose like the Java client.
    const elsewhere = `other-${shop.topic}`
    await kafka.createTopic(elsewhere, 5)
    await kafka.produce(
      elsewhere,
      orders.map((key) => ({ key, value: 'x' })),
    )
    const places = async (topic: string) =>
      Object.fromEntries(
        (await kafka.read(topic))
          .filter(({ key }) => orders.includes(key ?? ''))
          .map(({ key, partition }) => [key, partition]),
      )
    const why =
      'key and partition, for ten orders in a topic with 5 partitions. Expected is what murmur2 of the key says: other services ' +
      'publish their events of these orders there'
    expect(await places(shop.topic), why).toEqual(await places(elsewhere))
  })

  test('keeps the sequence of one order, while others are busy, too', async ({ shop, app, kafka, random }) => {
    const orders = Array.from({ length: 4 }, () => newOrderId(random))
    const posted = new Map(orders.map((orderId) => [orderId, [] as string[]]))
    await together(orders.length, async (i) => {
      const orderId = orders[i] ?? ''
      for (let n = 0; n < 8; n++) {
        const { id, type, ...fields } = randomEvent(random, orderId)
        expect(await post(app, orderId, { id, type, ...fields })).toHaveStatus(202)
        posted.get(orderId)?.push(id)
      }
    })
    const messages = await kafka.read(shop.topic)
    for (const [orderId, ids] of posted) {
      const mine = messages.filter(({ value }) => readOrderId(value) === orderId)
      const partitions = new Set(mine.map(({ partition }) => partition))
      expect([...partitions], `the events of one order, ${orderId}, are in one partition`).toHaveLength(1)
      const got = mine.map(({ value }) => parsed(value)).map((value) => (isObject(value) ? value['id'] : value))
      expect(got, `ids of the events of ${orderId}, as they were posted one after the other`).toEqual(ids)
    }
  })
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function readOrderId(text: string): unknown {
  const value = parsed(text)
  return isObject(value) ? value['orderId'] : undefined
}
