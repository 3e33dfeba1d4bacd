import { expect } from 'vitest'
import { type App, type Random, sleep, test, together } from 'learn-backend/kit'
import {
  counted,
  expectGrowth,
  type Exposition,
  find,
  growth,
  requestSeries,
  scrape,
  scrapeUntil,
  total,
} from './exposition.ts'
import { startLive } from './live.ts'

const GAUGE = 'http_requests_in_flight'
const COUNT = 'http_request_duration_seconds_count'

export function inFlight() {
  test('rises with the requests under way, and falls again', async ({ start, random, prometheus }) => {
    // Long before it is needed: see there.
    startLive(prometheus).catch(() => {})
    const app = await start()
    await expectIdle(app, 'before the first request')
    const n = random.int(4, 9)
    const answers = together(n, () => app.get(`/reports/${random.word()}?wait_ms=700`))
    const busy = await scrapeUntil(app, (now) => total(now, GAUGE) >= n)
    expect(total(busy, GAUGE), `${GAUGE} while ${n} requests are under way`).toBe(n)
    for (const answer of await answers) expect(answer).toHaveStatus(200)
    const idle = await expectIdle(app, `${n} requests have been answered`)
    expect(idle.types.get(GAUGE), `the TYPE of ${GAUGE}`).toBe('gauge')
    expect(
      find(idle, GAUGE).map(({ labels }) => labels),
      `the labels of ${GAUGE}`,
    ).toEqual([{}])
  })

  test('is 0 again after errors of every kind', async ({ start, random }) => {
    const app = await start()
    for (let i = 0; i < 2; i++) {
      await app.get('/reports/broken')
      await app.get(`/orders/${random.int(1000, 9999)}`)
      await app.get(`/${random.hex(6)}`)
      await app.delete('/orders')
      await app.post('/orders', { body: '{"item":' })
    }
    await together(5, () => app.get('/reports/broken?wait_ms=50'))
    await expectIdle(app, 'the last answers were 500, 404, 405 and 400')
  })

  test('is 0 while a connection is open but idle', async ({ start }) => {
    const app = await start()
    const connection = await app.connect()
    await connection.write('GET /orders HTTP/1.1\r\nHost: shop\r\n\r\n')
    expect(await connection.answer()).toHaveStatus(200)
    await expectIdle(app, 'a request has been answered, its client keeps the connection open')
    connection.destroy()
  })
}

export function leaving() {
  test('a client that does not wait for its answer is counted once, as 499', async ({ start, random }) => {
    const app = await start()
    const before = await scrape(app)
    const began = performance.now()
    const wait = 1500
    await leave(app, random, Array<string>(5).fill(`/reports/${random.word()}?wait_ms=${wait}`))
    await scrapeUntil(app, (now) => total(now, 'http_requests_total') >= 5, wait + 2000)
    // Counted before the report can have been ready: then the departure was seen, and it has a status.
    const noticed = performance.now() - began < wait - 100
    await sleep(40)
    const after = await scrape(app)
    const left = requestSeries('GET', '/reports/{name}', 499)
    const why = `after five clients that left before their answer (which took ${wait} ms)`
    if (noticed)
      expectGrowth(before, after, { [left]: 5 }, `${why}. They were counted before that: their leaving was seen`)
    expectEnded(growth(before, after), 5, [left, requestSeries('GET', '/reports/{name}', 200)], why)
    const idle = await expectIdle(app, 'five clients left before their answer')
    expect(total(idle, COUNT), `${COUNT} after five clients that left: each has a duration`).toBe(5)
    expect(await app.get('/reports/sales'), 'after clients that left').toHaveStatus(200)
  })

  test('a client that leaves in the middle of its body is no failure of the shop', async ({ start }) => {
    const app = await start()
    const before = await scrape(app)
    for (let i = 0; i < 3; i++) {
      const connection = await app.connect()
      await connection.write('POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: 400\r\n\r\n{"item":"te')
      await sleep(60)
      connection.destroy()
    }
    const after = await counted(app, before, 3)
    const why = 'after three clients that left in the middle of the body of a POST'
    // A server that only sees the end of the body may call it a bad one.
    const allowed = [499, 400].map((status) => requestSeries('POST', '/orders', status))
    expectEnded(growth(before, after), 3, allowed, why)
    const idle = await expectIdle(app, 'three clients left in the middle of their bodies')
    expect(total(idle, COUNT), `${COUNT} after three clients that left: each has a duration`).toBe(3)
    expect(await app.post('/orders', { json: { item: 'tea' } }), 'after clients that left').toHaveStatus(201)
  })

  test('work that goes on after its client has left is not counted again', async ({ start, random }) => {
    const app = await start()
    const before = await scrape(app)
    const paths = ['/reports/broken?wait_ms=400', `/reports/${random.word()}?wait_ms=400`]
    await leave(app, random, [...paths, ...paths, ...paths])
    await sleep(500)
    const after = await counted(app, before, 6)
    const why = 'after six clients that left before their report was ready, or broke'
    const allowed = [499, 500, 200].map((status) => requestSeries('GET', '/reports/{name}', status))
    expectEnded(growth(before, after), 6, allowed, why)
    const idle = await expectIdle(app, 'six clients left, and their reports were ready or broke later')
    expect(total(idle, COUNT), `${COUNT} after six clients that left: each has one duration`).toBe(6)
  })
}

export function zero() {
  test('the series are there before the first request', async ({ start }) => {
    const app = await start()
    const fresh = await scrape(app)
    const rows: [string, string, number][] = [
      ['GET', '/orders', 200],
      ['POST', '/orders', 201],
      ['GET', '/orders/{id}', 200],
      ['GET', '/reports/{name}', 200],
    ]
    const there = new Map(fresh.samples.map(({ series, value }) => [series, value]))
    const expected = rows.flatMap(([method, route, success]) =>
      [success, 500].map((status) => [requestSeries(method, route, status), 0] as const),
    )
    expect(
      Object.fromEntries(expected.map(([series]) => [series, there.get(series)])),
      'series of http_requests_total before the first request',
    ).toEqual(Object.fromEntries(expected))
    for (const [method, route] of rows) {
      const counts = find(fresh, COUNT, { method, route }).map(({ value }) => value)
      expect(counts, `${COUNT} of ${method} ${route} before the first request`).toEqual([0])
      const buckets = find(fresh, COUNT.replace('count', 'bucket'), { method, route }).map(({ value }) => value)
      expect(buckets, `the buckets of ${method} ${route} before the first request`).toEqual(Array(8).fill(0))
    }
    expect(
      find(fresh, GAUGE).map(({ value }) => value),
      `${GAUGE} before the first request`,
    ).toEqual([0])
  })
}

/** Waits until nothing is in flight. */
async function expectIdle(app: App, why: string): Promise<Exposition> {
  const idle = await scrapeUntil(app, (now) => total(now, GAUGE) === 0 && find(now, GAUGE).length > 0)
  expect(
    find(idle, GAUGE).map(({ value }) => value),
    `${GAUGE}: ${why}`,
  ).toEqual([0])
  await sleep(30)
  const later = await scrape(app)
  expect(
    find(later, GAUGE).map(({ value }) => value),
    `${GAUGE}: ${why}`,
  ).toEqual([0])
  return later
}

/** For each path a client that asks for it and leaves when all are under way. */
async function leave(app: App, random: Random, paths: string[]): Promise<void> {
  const clients = paths.map((path) => {
    const client = new AbortController()
    return { client, answer: app.get(path, { signal: client.signal }).catch(() => undefined) }
  })
  await scrapeUntil(app, (now) => total(now, GAUGE) >= paths.length, 1000)
  for (const { client } of random.shuffle(clients)) client.abort()
  await Promise.all(clients.map(({ answer }) => answer))
}

/** So many requests have ended, each under one of these series. */
function expectEnded(grown: Record<string, number>, requests: number, allowed: string[], why: string): void {
  const others = Object.keys(grown).filter((series) => !allowed.includes(series))
  expect(others, `series that should not have grown ${why}`).toEqual([])
  const sum = Object.values(grown).reduce((a, b) => a + b, 0)
  expect(sum, `how much http_requests_total has grown ${why}: ${JSON.stringify(grown)}, together`).toBe(requests)
}
