import { expect } from 'vitest'
import { type Random, sleep, step, test, together } from 'learn-backend/kit'
import {
  counted,
  expectGrowth,
  type Exposition,
  find,
  requestSeries,
  scrape,
  scrapeUntil,
  seriesName,
  toNumber,
  total,
} from './exposition.ts'

const ROUTES = new Set(['/orders', '/orders/{id}', '/reports/{name}', 'other'])
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'])
const BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, Infinity]

step('counting', () => {
  test('counts each request under its method, route and status', async ({ app, random }) => {
    const before = await scrape(app)
    const expected: Record<string, number> = {}
    for (const { method, path, body, series } of random.shuffle(kindsOfRequest(random))) {
      const times = random.int(1, 4)
      for (let i = 0; i < times; i++) await app.request(method, path, body === undefined ? {} : { json: body })
      expected[series] = times
    }
    const requests = Object.values(expected).reduce((sum, times) => sum + times, 0)
    const after = await counted(app, before, requests)
    expectGrowth(before, after, expected)
    expect(after.types.get('http_requests_total'), 'the TYPE of http_requests_total').toBe('counter')
  })

  test('has the labels method, route and status, and no others', async ({ app, random }) => {
    for (const { method, path, body } of kindsOfRequest(random)) {
      await app.request(method, path, body === undefined ? {} : { json: body })
    }
    const samples = find(await scrape(app), 'http_requests_total')
    const names = new Set(samples.map(({ labels }) => Object.keys(labels).toSorted().join(', ')))
    expect([...names], 'the labels of http_requests_total').toEqual(['method, route, status'])
  })

  test('counts requests that share a connection', async ({ app, random }) => {
    const before = await scrape(app)
    const connection = await app.connect()
    for (let i = 0; i < 3; i++) {
      await connection.write('GET /orders HTTP/1.1\r\nHost: shop\r\n\r\n')
      expect(await connection.answer()).toHaveStatus(200)
    }
    await connection.write(`GET /orders/${random.int(1_000_000, 9_000_000)} HTTP/1.1\r\nHost: shop\r\n\r\n`)
    expect(await connection.answer()).toHaveStatus(404)
    const after = await counted(app, before, 4)
    connection.destroy()
    expectGrowth(
      before,
      after,
      { [requestSeries('GET', '/orders', 200)]: 3, [requestSeries('GET', '/orders/{id}', 404)]: 1 },
      'after four requests on one connection, which is still open',
    )
  })

  test('loses no request when many come at once', async ({ app }) => {
    const before = await scrape(app)
    for (let round = 0; round < 4; round++) {
      await together(50, (i) => app.get(i % 2 === 0 ? '/orders' : '/reports/sales?wait_ms=1'))
    }
    const after = await counted(app, before, 200)
    expectGrowth(before, after, {
      [requestSeries('GET', '/orders', 200)]: 100,
      [requestSeries('GET', '/reports/{name}', 200)]: 100,
    })
  })

  test('does not count requests to /metrics', async ({ app }) => {
    await app.get('/orders')
    const before = await scrapeUntil(app, (now) => total(now, 'http_requests_total') >= 1)
    for (let i = 0; i < 5; i++) await app.get(i % 2 === 0 ? '/metrics' : '/metrics?from=test')
    await sleep(40)
    const after = await scrape(app)
    expectGrowth(before, after, {}, 'after requests to /metrics')
    const seen = find(after, 'http_requests_total', { route: /metrics/ })
    expect(seen, 'series for /metrics').toEqual([])
  })
})

step('labels', () => {
  test('ids, names, unknown paths and queries make no new series', async ({ app, random }) => {
    const marker = random.hex(12)
    const kinds: ((i: number) => string)[] = [
      (i) => `/orders/${marker}${i}`,
      (i) => `/reports/${marker}${i}`,
      (i) => `/${marker}${i}`,
      (i) => `/orders/${i}/${marker}`,
      (i) => `/orders?page=${marker}${i}`,
    ]
    const first = await scrape(app)
    for (const path of kinds) await app.get(path(0))
    const before = await counted(app, first, kinds.length)
    const paths = random.shuffle(kinds.flatMap((path) => Array.from({ length: 60 }, (_, i) => path(i + 1))))
    for (let i = 0; i < paths.length; i += 30) await together(30, (j) => app.get(paths[i + j] ?? '/'))
    const after = await counted(app, before, paths.length)
    expectNoNewSeries(
      before,
      after,
      `300 requests, each with another path like ${kinds.map((path) => path(1)).join(', ')}`,
    )
    const shown = after.text.split('\n').filter((line) => line.includes(marker))
    expect(shown.slice(0, 3), 'lines that show a part of a path that a client made up').toEqual([])
    expectGrowth(before, after, {
      [requestSeries('GET', '/orders', 200)]: 60,
      [requestSeries('GET', '/orders/{id}', 404)]: 60,
      [requestSeries('GET', '/reports/{name}', 200)]: 60,
      [requestSeries('GET', 'other', 404)]: 120,
    })
  })

  test('methods that nobody needs make no new series', async ({ app, random }) => {
    // Which of them a server knows is its own affair: what it refuses at the door need not be counted.
    const odd = ['PROPFIND', 'MKCOL', 'SEARCH', 'REPORT', 'LOCK', 'PURGE', 'SUBSCRIBE', 'BREW']
    for (let i = 0; i < 8; i++) odd.push(`X${random.hex(6).toUpperCase()}`)
    for (const method of odd) {
      for (const path of ['/orders', `/${random.word()}`]) await app.request(method, path).catch(() => {})
    }
    await sleep(40)
    const after = await scrape(app)
    const strange = find(after, 'http_requests_total').filter(({ labels }) => !METHODS.has(labels.method ?? ''))
    expect(strange.map(({ series }) => series).slice(0, 3), 'series with a method that the page does not name').toEqual(
      [],
    )
    expect(await app.get('/orders'), 'after some odd methods').toHaveStatus(200)
  })

  test('methods on the list keep their names', async ({ app, random }) => {
    const before = await scrape(app)
    const methods = random.shuffle(['PUT', 'PATCH', 'DELETE'])
    for (const method of methods) await app.request(method, '/orders/1')
    const after = await counted(app, before, methods.length)
    expectGrowth(
      before,
      after,
      Object.fromEntries(methods.map((method) => [requestSeries(method, '/orders/{id}', 405), 1])),
    )
  })

  test('strange paths make no new routes', async ({ app, random }) => {
    const strange = [
      '//',
      '/%',
      '/orders/%zz',
      '/orders/%22%0A%5C',
      '/orders//',
      '/orders/..',
      '/reports/a%2Fb',
      '/ORDERS',
    ]
    strange.push(`/orders/${random.hex(3000)}`, `/orders/constructor`, `/__proto__`, '/orders/{id}', '/other')
    for (const path of strange) await app.get(path).catch(() => {})
    await sleep(40)
    const routes = new Set(find(await scrape(app), 'http_requests_total').map(({ labels }) => labels.route))
    const unknown = [...routes].filter((route) => !ROUTES.has(route ?? ''))
    expect(unknown.slice(0, 3), 'routes that the page does not name').toEqual([])
    expect(await app.get('/orders'), 'after some strange paths').toHaveStatus(200)
  })
})

step('durations', () => {
  const NAME = 'http_request_duration_seconds'

  test('has the buckets and labels of the page', async ({ app }) => {
    const before = await scrape(app)
    await app.get('/orders')
    const after = await counted(app, before, 1)
    expect(after.types.get(NAME), `the TYPE of ${NAME}`).toBe('histogram')
    const buckets = find(after, `${NAME}_bucket`, { method: 'GET', route: '/orders' })
    const bounds = buckets.map(({ labels }) => toNumber(labels.le ?? '')).toSorted((a, b) => a - b)
    expect(bounds, 'le, the upper bounds of the buckets').toEqual(BUCKETS)
    const names = [`${NAME}_bucket`, `${NAME}_sum`, `${NAME}_count`].map((name) => {
      const labels = find(after, name).map((sample) => Object.keys(sample.labels).toSorted().join(', '))
      return `${name}: ${[...new Set(labels)].join(' / ')}`
    })
    expect(names, 'the labels').toEqual([
      `${NAME}_bucket: le, method, route`,
      `${NAME}_sum: method, route`,
      `${NAME}_count: method, route`,
    ])
  })

  test('agrees with itself and with the counter', async ({ app, random }) => {
    const before = await scrape(app)
    const kinds = kindsOfRequest(random)
    for (const { method, path, body } of kinds) {
      await app.request(method, path, body === undefined ? {} : { json: body })
    }
    await together(10, (i) => app.get(`/reports/sales?wait_ms=${i * 15}`))
    await counted(app, before, kinds.length + 10)
    const after = await scrapeUntil(app, (now) => total(now, 'http_requests_total') === total(now, `${NAME}_count`))
    const ofOne = ({ labels: { method = '', route = '' } }: { labels: Record<string, string> }) => ({ method, route })
    const requests = find(after, 'http_requests_total')
    for (const where of uniqueBy([...requests, ...find(after, `${NAME}_count`)].map(ofOne))) {
      const series = seriesName(NAME, where)
      const count = total(after, `${NAME}_count`, where)
      const buckets = find(after, `${NAME}_bucket`, where)
        .toSorted((a, b) => toNumber(a.labels.le ?? '') - toNumber(b.labels.le ?? ''))
        .map(({ value }) => value)
      expect(count, `${series}: its count, and that of http_requests_total`).toBe(
        total(after, 'http_requests_total', where),
      )
      expect(
        buckets,
        `${series}: a bucket counts all requests up to its bound, so each includes the one before`,
      ).toEqual(buckets.toSorted((a, b) => a - b))
      expect(buckets.at(-1), `${series}: the bucket +Inf contains all requests`).toBe(count)
      expect(buckets.length, `${series}: its buckets`).toBe(BUCKETS.length)
    }
    expect(find(after, `${NAME}_count`, { route: /metrics/ }), 'series for /metrics').toEqual([])
  })

  test('puts each request into the right bucket, in seconds', async ({ app, random }) => {
    const before = await scrape(app)
    const waits = random.shuffle([...Array<number>(8).fill(0), 150, 150, 150, 150, 700, 700, 700])
    const answers = await together(waits.length, (i) => app.get(`/reports/${random.word()}?wait_ms=${waits[i]}`))
    const after = await counted(app, before, waits.length)
    const where = { method: 'GET', route: '/reports/{name}' }
    // A request takes at least its wait, and hardly longer than its client saw.
    const soonest = waits.map((wait) => (wait - 5) / 1000)
    const latest = answers.map(({ ms }) => (ms + 250) / 1000)
    const upTo = (exposition: Exposition, bound: number) =>
      find(exposition, `${NAME}_bucket`, where).find(({ labels }) => toNumber(labels.le ?? '') === bound)?.value ?? 0
    const waited = `${waits.length} requests that took ${answers.map(({ ms }) => `${Math.round(ms)}`).join(', ')} ms`
    for (const bound of [0.05, 0.1, 0.25, 0.5, 1]) {
      const inBucket = upTo(after, bound) - upTo(before, bound)
      const why = `${waited}: the bucket le="${bound}" has grown by so many`
      expect(inBucket, why).toBeGreaterThanOrEqual(latest.filter((seconds) => seconds <= bound).length)
      expect(inBucket, why).toBeLessThanOrEqual(soonest.filter((seconds) => seconds <= bound).length)
    }
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)
    const why = `${waited}: ${NAME}_sum has grown by so many seconds`
    const seconds = total(after, `${NAME}_sum`, where) - total(before, `${NAME}_sum`, where)
    expect(seconds, why).toBeGreaterThanOrEqual(sum(waits) / 1000 - 0.1)
    expect(seconds, why).toBeLessThanOrEqual(sum(latest))
  })

  test('includes a body that arrives slowly', async ({ app }) => {
    const where = { method: 'POST', route: '/orders' }
    const before = await scrape(app)
    const connection = await app.connect()
    const body = '{"item":"tea"}'
    await connection.write(
      `POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
    )
    await sleep(450)
    await connection.write(body.slice(5))
    expect(await connection.answer()).toHaveStatus(201)
    connection.destroy()
    const after = await counted(app, before, 1)
    const took = total(after, `${NAME}_sum`, where) - total(before, `${NAME}_sum`, where)
    const why = 'seconds of a POST whose headers came at once, and the second half of its body 450 ms later'
    expect(took, why).toBeGreaterThanOrEqual(0.3)
    expect(took, why).toBeLessThan(4)
  })
})

/** One request of every kind, with the series under which it counts. */
function kindsOfRequest(random: Random) {
  const item = random.word()
  const kind = (method: string, path: string, route: string, status: number, body?: unknown) => ({
    method,
    path,
    body,
    series: requestSeries(method, route, status),
  })
  return [
    kind('GET', '/orders', '/orders', 200),
    kind('POST', '/orders', '/orders', 201, { item }),
    kind('POST', '/orders', '/orders', 400, { item: random.int(1, 9) }),
    kind('DELETE', '/orders', '/orders', 405),
    kind('GET', `/orders/${random.int(1_000_000, 9_000_000)}`, '/orders/{id}', 404),
    kind('PUT', `/orders/${random.int(1, 9)}`, '/orders/{id}', 405, { item }),
    kind('GET', `/reports/${random.word()}`, '/reports/{name}', 200),
    kind('GET', '/reports/broken', '/reports/{name}', 500),
    kind('GET', `/${random.word()}/${random.hex(6)}`, 'other', 404),
  ]
}

function expectNoNewSeries(before: Exposition, after: Exposition, why: string) {
  const known = new Set(before.samples.map(({ series }) => series))
  const added = after.samples.filter(({ name, series }) => name.startsWith('http_request') && !known.has(series))
  expect(
    added.slice(0, 3).map(({ series }) => series),
    `${why}: ${added.length} new series, such as these`,
  ).toEqual([])
  // A client library may have found a reason for a few series of its own meanwhile.
  expect(after.samples.length, `${why}: the number of all series`).toBeLessThan(before.samples.length + 60)
}

function uniqueBy<T>(values: T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()]
}
