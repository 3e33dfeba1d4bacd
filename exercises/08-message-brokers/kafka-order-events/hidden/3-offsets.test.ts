import { expect } from 'vitest'
import { note, step, test } from 'learn-backend/kit'
import { added, countOf, endsOf, expectCommitted, expectOrder, message, newOrderId, newShop, poll } from './shop.ts'

step('offsets', () => {
  test('commits when the work is done, and not before', async ({ start, kafka, random, scratch }) => {
    const shop = await newShop({ start, kafka, scratch }, { partitions: 1, workMs: 120 })
    const orderId = newOrderId(random)
    const events = Array.from({ length: 6 }, () => added(random, orderId))
    await kafka.produce(
      shop.topic,
      events.map((event) => message(event)),
    )
    const app = await shop.open()
    const seen: string[] = []
    const done = await poll(
      async () => {
        // First what is committed, then what is done: in between it can only become more.
        const committed = (await kafka.committed(shop.group, shop.topic)).get(0) ?? 0
        const handled = await countOf(app, orderId)
        seen.push(`${committed} committed, ${handled} handled`)
        const why = `6 events in one partition, WORK_MS is 120. The committed offset was ${committed} when only ${handled} of the events had taken effect. If the program is killed now, the others are lost`
        expect(handled, why).toBeGreaterThanOrEqual(committed)
        return handled
      },
      (handled) => handled >= events.length,
      { every: 40 },
    )
    note([...new Set(seen)].join('; '))
    expect(done, 'all 6 events should have taken effect').toBe(events.length)
    const why =
      'the offset committed for the partition: all 6 events are handled, so it is 6, two seconds later at the latest'
    await expectCommitted(kafka, shop, new Map([[0, 6]]), why)
  })

  test('goes on at the committed offset', async ({ start, kafka, random, scratch }) => {
    const shop = await newShop({ start, kafka, scratch }, { sessionMs: 1000 })
    const app = await shop.open()
    const orders = Array.from({ length: 6 }, () => newOrderId(random))
    const old = orders.flatMap((orderId) => Array.from({ length: 4 }, () => added(random, orderId)))
    await kafka.produce(
      shop.topic,
      old.map((event) => message(event)),
    )
    const why = 'the committed offsets: all events are handled'
    await expectCommitted(kafka, shop, await endsOf(kafka, shop.topic), why, 10_000)
    // Whether it ends on SIGTERM is the matter of another step.
    await app.stop().catch(() => {})
    kafka.link.forget()
    const restarted = await shop.open()
    const orderId = newOrderId(random)
    const event = added(random, orderId)
    await kafka.produce(shop.topic, [message(event)])
    await expectOrder(restarted, orderId, [event], 'an event that was published after the restart')
    const received = kafka.link.connections.map((connection) => connection.received)
    const again = old.filter(({ id }) => received.some((bytes) => bytes.includes(id)))
    const reread = `${again.length} of ${old.length} events came over the line from Kafka once more after the restart, although they were committed before it`
    expect(again.length, reread).toBe(0)
    for (const known of random.sample(orders, 2)) {
      const mine = old.filter((each) => each.orderId === known)
      await expectOrder(restarted, known, mine, 'these events were handled before the restart', 2000)
    }
  })

  test('kill -9 in the middle of the work loses and doubles nothing', async ({ start, kafka, random, scratch }) => {
    const shop = await newShop({ start, kafka, scratch }, { partitions: 2, workMs: 50, sessionMs: 800 })
    const orders = [newOrderId(random), newOrderId(random)]
    const events = Array.from({ length: 16 }, (_, i) => added(random, orders[i % 2] ?? ''))
    await kafka.produce(
      shop.topic,
      events.map((event, i) => ({ ...message(event), partition: i % 2 })),
    )
    const app = await shop.open()
    const handled = async () => (await countOf(app, orders[0] ?? '')) + (await countOf(app, orders[1] ?? ''))
    await poll(handled, (count) => count >= 3)
    await app.restart()
    note('the program was killed and started again in the middle of the work')
    for (const orderId of orders) {
      const mine = events.filter((event) => event.orderId === orderId)
      await expectOrder(
        app,
        orderId,
        mine,
        `${mine.length} events, each with quantity 1; the program was killed in the middle of them and started again. SESSION_TIMEOUT_MS is 800: so long its partitions may be out of reach`,
      )
    }
    const ends = new Map([
      [0, 8],
      [1, 8],
    ])
    await expectCommitted(kafka, shop, ends, 'the committed offsets: all events are handled')
  })
})
