import { expect } from 'vitest'
import { type KafkaService, type Random, sleep, step } from 'learn-backend/kit'
import {
  added,
  countOf,
  expectCommitted,
  expectOrder,
  message,
  newOrderId,
  newShop,
  openBeside,
  poll,
  type Shop,
  sharesOf,
  withShop,
} from './shop.ts'

const test = withShop({ partitions: 4, sessionMs: 1000, workMs: 20 })

/** So many events for each of four orders, one order in each partition. */
function eventsFor(random: Random, orders: string[], count: number) {
  const events = Array.from({ length: count * 4 }, (_, i) => added(random, orders[i % 4] ?? ''))
  return { events, messages: events.map((event, i) => ({ ...message(event), partition: i % 4 })) }
}

step('group', () => {
  test('two instances share the partitions, and both know all orders', async ({ shop, app, start, kafka, random }) => {
    await expectShares(kafka, shop, 1, 4)
    const other = await openBeside(start, app, shop, { sessionMs: 1000 })
    await expectShares(kafka, shop, 2, 4)
    const orders = Array.from({ length: 4 }, () => newOrderId(random))
    // In two rounds, so that an instance has shown an order before it changes.
    for (const count of [2, 4]) {
      await kafka.produce(shop.topic, eventsFor(random, orders, 2).messages)
      for (const [i, instance] of [app, other].entries()) {
        for (const orderId of orders) {
          const found = await poll(
            () => countOf(instance, orderId),
            (mugs) => mugs === count,
          )
          const why = `mugs of the order ${orderId}, as instance ${i + 1} of 2 shows it. Each instance has to know what the other one has handled`
          expect(found, why).toBe(count)
        }
      }
    }
    await other.stop().catch(() => {})
  })

  test('takes over from an instance that was killed', async ({ shop, app, start, kafka, random }) => {
    await expectShares(kafka, shop, 1, 4)
    const other = await openBeside(start, app, shop, { sessionMs: 1000, workMs: 20 })
    await expectShares(kafka, shop, 2, 4)
    const orders = Array.from({ length: 4 }, () => newOrderId(random))
    const { events, messages } = eventsFor(random, orders, 6)
    await kafka.produce(shop.topic, messages)
    await poll(
      () => countOf(other, orders[0] ?? ''),
      (count) => count > 0,
    )
    await other.kill()
    for (const orderId of orders) {
      const mine = events.filter((event) => event.orderId === orderId)
      const why = `one of two instances was killed; SESSION_TIMEOUT_MS is 1000, so the other one should have its partitions now (${mine.length} events, each with quantity 1)`
      await expectOrder(app, orderId, mine, why, 7000)
    }
  })

  test('hands over at once on SIGTERM', async ({ shop, app, start, kafka, random }) => {
    await expectShares(kafka, shop, 1, 4)
    const other = await openBeside(start, app, shop, { sessionMs: 20_000, workMs: 50 })
    await expectShares(kafka, shop, 2, 4)
    const orders = Array.from({ length: 4 }, () => newOrderId(random))
    const { events, messages } = eventsFor(random, orders, 6)
    await kafka.produce(shop.topic, messages)
    await poll(
      () => countOf(other, orders[0] ?? ''),
      (count) => count > 0,
    )
    await other.stop()
    for (const orderId of orders) {
      const mine = events.filter((event) => event.orderId === orderId)
      const why = `one of two instances has ended on SIGTERM. Its SESSION_TIMEOUT_MS was 20000, but it should have left the group, so that the other one gets its partitions at once (${mine.length} events, each with quantity 1)`
      await expectOrder(app, orderId, mine, why)
    }
  })

  test('stays a member while the work takes longer than the session', async ({ start, kafka, random, scratch }) => {
    const shop = await newShop({ start, kafka, scratch }, { partitions: 1, sessionMs: 600, workMs: 1200 })
    const orderId = newOrderId(random)
    const event = added(random, orderId)
    await kafka.produce(shop.topic, [message(event)])
    const app = await shop.open()
    const why =
      'the offset committed after one event. WORK_MS is 1200 and SESSION_TIMEOUT_MS 600: without heartbeats during the work the group ' +
      'takes the partition away, the commit is refused, and the event comes again and again'
    await expectCommitted(kafka, shop, new Map([[0, 1]]), why, 7000)
    await expectOrder(app, orderId, [event], 'one event', 1000)
  })
})

step('sleeper', () => {
  test('an instance that slept does no harm when it wakes', async ({ start, kafka, random, scratch }) => {
    const shop = await newShop({ start, kafka, scratch }, { partitions: 1, sessionMs: 800, workMs: 250 })
    const orderId = newOrderId(random)
    const move = (address: string) => ({ id: random.uuid(), orderId, type: 'address-changed', address })
    const events = [
      added(random, orderId),
      added(random, orderId),
      move('Old Lane 1'),
      added(random, orderId),
      move('New Road 2'),
    ]
    await kafka.produce(
      shop.topic,
      events.map((event) => message(event)),
    )
    const sleeper = await shop.open()
    await poll(
      () => countOf(sleeper, orderId),
      (count) => count >= 1,
    )
    sleeper.pause()
    const awake = await shop.open({ workMs: 0 })
    const story =
      'Five events in one partition: mug, mug, "Old Lane 1", mug, "New Road 2". WORK_MS is 250 and SESSION_TIMEOUT_MS 800. An instance stood still (SIGSTOP) in the middle of the work for the second event. Another one'
    await expectOrder(awake, orderId, events, `${story} took over, and has to handle the rest`)
    sleeper.resume()
    // Long enough for the work that it was in the middle of, and for some more.
    await sleep(500)
    await expectOrder(
      awake,
      orderId,
      events,
      `${story} took over and handled the rest. Then the first one woke up, and what it does now must change nothing`,
      0,
    )
    await expectShares(kafka, shop, 2, 1)
    const later = [added(random, orderId), move('Third Place 3')]
    await kafka.produce(
      shop.topic,
      later.map((event) => message(event)),
    )
    for (const app of [awake, sleeper]) {
      await expectOrder(
        app,
        orderId,
        [...events, ...later],
        `${story} took over and handled the rest. Then the first one woke up, and two more events came: mug, "Third Place 3"`,
      )
    }
  })
})

/** Waits until the group has so many members, which have all partitions between them. */
async function expectShares(kafka: KafkaService, shop: Shop, members: number, partitions: number): Promise<void> {
  const all = Array.from({ length: partitions }, (_, i) => i)
  const isRight = (shares: number[][]) =>
    shares.length === members &&
    shares.filter((share) => share.length > 0).length === Math.min(members, partitions) &&
    shares.flat().sort().join() === all.join()
  const shares = await sharesOf(kafka, shop, isRight)
  const text = shares.map((share) => `[${share.join(', ')}]`).join(' ') || 'none'
  const why = `${members} instances run, with the same GROUP (${shop.group}), and TOPIC has ${partitions} partitions. Those of the group's members are now: ${text}`
  expect(isRight(shares), why).toBe(true)
}
