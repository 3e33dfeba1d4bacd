import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import {
  type Answer,
  type App,
  type Fixtures,
  type KafkaService,
  type ProducedMessage,
  type Random,
  sleep,
  withApp,
} from 'learn-backend/kit'

export type ShopEvent = { id: string; orderId: string; type: string } & Record<string, unknown>

/** Everything that instances of the program have in common. */
export interface Shop {
  topic: string
  deadLetters: string
  group: string
}

interface Settings {
  sessionMs?: number
  workMs?: number
  publishMs?: number
}

function newNames(): Shop {
  const name = randomUUID().slice(0, 8)
  return { topic: `events-${name}`, deadLetters: `dead-letters-${name}`, group: `projection-${name}` }
}

const createTopics = async (kafka: KafkaService, shop: Shop, partitions: number) => {
  await kafka.createTopic(shop.topic, partitions)
  await kafka.createTopic(shop.deadLetters, 1)
}

function envOf(shop: Shop, { sessionMs = 8000, workMs = 0, publishMs = 4000 }: Settings): Record<string, string> {
  return {
    TOPIC: shop.topic,
    DEAD_LETTER_TOPIC: shop.deadLetters,
    GROUP: shop.group,
    SESSION_TIMEOUT_MS: String(sessionMs),
    PUBLISH_TIMEOUT_MS: String(publishMs),
    WORK_MS: String(workMs),
  }
}

/**
 * A `test` whose file has one `shop`, and one instance for it, `app`. The topics are there before `app` starts, with the
 * messages of `before`.
 */
export function withShop({
  partitions = 2,
  before = [],
  ...settings
}: Settings & { partitions?: number; before?: ProducedMessage[] } = {}) {
  const shop = newNames()
  let created: Promise<void> | undefined
  const test = withApp({ env: envOf(shop, settings) }).extend('shop', async ({ kafka }) => {
    await (created ??= prepare(kafka))
    return shop
  })
  const prepare = async (kafka: KafkaService) => {
    await createTopics(kafka, shop, partitions)
    if (before.length > 0) await kafka.produce(shop.topic, before)
  }
  // The pattern decides the order: first the topics, then the instance.
  // eslint-disable-next-line no-unused-vars
  return test.extend('app', async ({ shop: _, app }) => app)
}

/** One more instance beside `app`, which shares what it stores. */
export const openBeside = (start: Fixtures['start'], app: App, shop: Shop, settings: Settings = {}): Promise<App> =>
  start({ dataDir: app.dataDir, env: envOf(shop, settings) })

/** A shop of the test's own, without any instance yet. */
export async function newShop(
  { start, kafka, scratch }: Pick<Fixtures, 'start' | 'kafka' | 'scratch'>,
  { partitions = 2, ...settings }: Settings & { partitions?: number } = {},
): Promise<Shop & { open: (other?: Settings) => Promise<App> }> {
  const shop = newNames()
  await createTopics(kafka, shop, partitions)
  return {
    ...shop,
    open: (other = {}) => start({ dataDir: scratch, env: envOf(shop, { ...settings, ...other }) }),
  }
}

export const pathOf = (orderId: string) => `/orders/${encodeURIComponent(orderId)}`

export const newOrderId = (random: Random) => `${random.word()}-${random.hex(6)}`

export const post = (app: App, orderId: string, body: Record<string, unknown>, deadline?: number) =>
  app.post(`${pathOf(orderId)}/events`, { json: body, ...(deadline ? { deadline } : {}) })

/** An event that makes a difference each time it counts. */
export const added = (random: Random, orderId: string, sku = 'mug'): ShopEvent => ({
  id: random.uuid(),
  orderId,
  type: 'item-added',
  sku,
  quantity: 1,
  cents: 100,
})

export function randomEvent(random: Random, orderId: string): ShopEvent {
  const head = { id: random.uuid(), orderId }
  return random.pick<() => ShopEvent>([
    () => ({ ...head, type: 'placed', customer: random.name() }),
    () => ({ ...head, type: 'address-changed', address: `${random.unicode()} ${random.int(1, 99)}` }),
    () => ({
      ...head,
      type: 'item-added',
      sku: random.pick(['mug', 'tea', 'käse']),
      quantity: random.int(1, 5),
      cents: random.int(0, 5000),
    }),
    () => ({ ...head, type: 'shipped' }),
  ])()
}

/** What the events make, in this order. */
export function orderOf(orderId: string, events: ShopEvent[]) {
  const order = {
    orderId,
    status: null as unknown,
    customer: null as unknown,
    address: null as unknown,
    items: {} as Record<string, number>,
    totalCents: 0,
  }
  for (const event of events) {
    if (event.type === 'placed') [order.status, order.customer] = ['placed', event['customer']]
    if (event.type === 'address-changed') order.address = event['address']
    if (event.type === 'shipped') order.status = 'shipped'
    if (event.type !== 'item-added') continue
    const [sku, quantity] = [String(event['sku']), Number(event['quantity'])]
    order.items[sku] = (order.items[sku] ?? 0) + quantity
    order.totalCents += quantity * Number(event['cents'])
  }
  return order
}

/** A message as another program writes it. */
export function message(event: ShopEvent, value = JSON.stringify(event)) {
  return { key: event.orderId, value }
}

/** Asks again and again until it is right, or until it is too late: the last answer. */
export async function poll<Result>(
  ask: () => Promise<Result>,
  until: (result: Result) => boolean,
  { every = 15, deadline = 8000 }: { every?: number; deadline?: number } = {},
): Promise<Result> {
  const end = performance.now() + deadline
  for (;;) {
    const result = await ask()
    if (until(result) || performance.now() > end) return result
    await sleep(every)
  }
}

/** Waits until the order is what its events make. */
export async function expectOrder(
  app: App,
  orderId: string,
  events: ShopEvent[],
  why: string,
  deadline = 8000,
): Promise<void> {
  const order = orderOf(orderId, events)
  const answer = await poll(
    () => app.get(pathOf(orderId)),
    ({ status, text }) => status === 200 && isSame(text, order),
    { deadline },
  )
  expect(answer, why).toAnswer(200, expect.objectContaining(order))
}

function isSame(text: string, order: object): boolean {
  try {
    expect(JSON.parse(text)).toEqual(expect.objectContaining(order))
    return true
  } catch {
    return false
  }
}

/** How often events of `added` have counted for this order. */
export async function countOf(app: App, orderId: string, sku = 'mug'): Promise<number> {
  const answer: Answer = await app.get(pathOf(orderId))
  if (answer.status === 404) return 0
  expect(answer).toHaveStatus(200)
  return Number(answer.json?.items?.[sku] ?? 0)
}

/** Waits until the group has committed these offsets. */
export async function expectCommitted(
  kafka: KafkaService,
  { group, topic }: Shop,
  expected: Map<number, number>,
  why: string,
  deadline = 5000,
): Promise<void> {
  const plain = (offsets: Map<number, number>) =>
    Object.fromEntries([...offsets].filter(([, offset]) => offset > 0).sort(([a], [b]) => a - b))
  const text = JSON.stringify(plain(expected))
  const committed = await poll(
    () => kafka.committed(group, topic),
    (offsets) => JSON.stringify(plain(offsets)) === text,
    { every: 40, deadline },
  )
  expect(plain(committed), why).toEqual(plain(expected))
}

/** The ends of all partitions of a topic. */
export async function endsOf(kafka: KafkaService, topic: string): Promise<Map<number, number>> {
  return withAdmin(
    kafka,
    async (admin) =>
      new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)])),
  )
}

/** The partitions of each member of the group, once the group is as it should be; else as it is at the deadline. */
export async function sharesOf(
  kafka: KafkaService,
  { group, topic }: Shop,
  until: (shares: number[][]) => boolean,
  deadline = 8000,
): Promise<number[][]> {
  return withAdmin(kafka, (admin) =>
    poll(
      async () => {
        const { groups } = await admin.describeGroups([group])
        const [found] = groups
        if (found?.state !== 'Stable') return []
        return found.members.map(({ memberAssignment }) => assignedPartitions(memberAssignment, topic))
      },
      until,
      { every: 40, deadline },
    ),
  )
}

async function withAdmin<Result>(
  kafka: KafkaService,
  work: (admin: ReturnType<KafkaService['client']['admin']>) => Promise<Result>,
): Promise<Result> {
  const admin = kafka.client.admin()
  await admin.connect()
  try {
    // A new kafkajs admin knows no broker to ask for groups before it has asked for topics.
    await admin.listTopics()
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Reads a MemberAssignment of the consumer protocol: version, then for each topic its name and its partitions. */
function assignedPartitions(assignment: Buffer, topic: string): number[] {
  if (assignment.length < 6) return []
  let at = 6
  for (let topics = assignment.readInt32BE(2); topics > 0; topics--) {
    const length = assignment.readInt16BE(at)
    const name = assignment.toString('utf8', at + 2, at + 2 + length)
    const count = assignment.readInt32BE(at + 2 + length)
    at += 2 + length + 4
    const partitions = Array.from({ length: count }, (_, i) => assignment.readInt32BE(at + 4 * i))
    if (name === topic) return partitions
    at += 4 * count
  }
  return []
}
