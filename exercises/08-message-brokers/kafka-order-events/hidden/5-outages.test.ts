import { expect } from 'vitest'
import { type App, sleep, step, test } from 'learn-backend/kit'
import { added, expectOrder, message, newOrderId, newShop, pathOf, poll, post, type ShopEvent } from './shop.ts'

const refusal = expect.objectContaining({ error: expect.any(String) })

step('outage', () => {
  test('keeps going while Kafka is away, and goes on when it is back', async ({ start, kafka, random, scratch }) => {
    const shop = await newShop({ start, kafka, scratch }, { publishMs: 400 })
    const app = await shop.open()
    const orderId = newOrderId(random)
    const before = added(random, orderId)
    expect(await send(app, before)).toHaveStatus(202)
    await expectOrder(app, orderId, [before], 'one event, before the outage')
    kafka.link.cut()
    const lost = await send(app, added(random, newOrderId(random)), 6000)
    expect(lost, 'Kafka can not be reached, and PUBLISH_TIMEOUT_MS is 400').toAnswer(503, refusal)
    expect(lost, 'PUBLISH_TIMEOUT_MS is 400').toTakeAtMost(3500)
    expect(await app.get(pathOf(orderId)), 'Kafka can not be reached, but the orders are known').toHaveStatus(200)
    // Someone else can reach Kafka, and publishes.
    const meanwhile = added(random, orderId)
    await kafka.produce(shop.topic, [message(meanwhile)])
    await sleep(100)
    kafka.link.restore()
    const after = added(random, orderId)
    await expectAccepted(app, after)
    await expectOrder(
      app,
      orderId,
      [before, meanwhile, after],
      'one event before the outage, one of another producer during it, one after it',
      10_000,
    )
    expect(app.alive).toBe(true)
  })

  test('starts while Kafka is away', async ({ start, kafka, random, scratch }) => {
    const shop = await newShop({ start, kafka, scratch }, { publishMs: 300 })
    kafka.link.cut()
    const app = await shop.open()
    const orderId = newOrderId(random)
    expect(await app.get(pathOf(orderId)), 'Kafka can not be reached; no such order is known').toHaveStatus(404)
    const event = added(random, orderId)
    expect(await send(app, event, 6000), 'Kafka can not be reached').toAnswer(503, refusal)
    kafka.link.restore()
    await expectAccepted(app, event)
    await expectOrder(app, orderId, [event], 'Kafka can be reached now, and an event was published', 10_000)
  })
})

function send(app: App, { orderId, ...body }: ShopEvent, deadline?: number) {
  return post(app, orderId, body, deadline)
}

/** Repeats a request with its id, as clients do. */
async function expectAccepted(app: App, event: ShopEvent): Promise<void> {
  const answer = await poll(
    () => send(app, event, 6000),
    ({ status }) => status === 202,
    { every: 100, deadline: 10_000 },
  )
  expect(answer, 'Kafka is back: within ten seconds a POST should be accepted').toHaveStatus(202)
}
