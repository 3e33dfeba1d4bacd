import { expect } from 'vitest'
import { note, type Run, step, test, together } from 'learn-backend/kit'
import { find, oddVersion, OURS, parse } from './exposition.ts'

const error = expect.objectContaining({ error: expect.any(String) })

step('routes', () => {
  test('takes, shows and lists orders', async ({ start, random }) => {
    const app = await start()
    const items = [random.word(), random.unicode(), `${random.word()} "${random.word()}"`]
    const placed: unknown[] = []
    for (const [i, item] of items.entries()) {
      const order = { id: String(i + 1), item }
      expect(await app.post('/orders', { json: { item } })).toAnswer(201, order)
      placed.push(order)
    }
    expect(await app.get('/orders/2')).toAnswer(200, placed[1])
    expect(await app.get('/orders')).toAnswer(200, { orders: placed })
  })

  test('refuses orders without a text for an item', async ({ app }) => {
    for (const json of [{}, { item: 7 }, null, [], 'tea']) {
      expect(await app.post('/orders', { json })).toAnswer(400, error)
    }
    expect(
      await app.post('/orders', { body: '{"item":"tea"', headers: { 'content-type': 'application/json' } }),
    ).toAnswer(400, error)
  })

  test('makes reports that take their time, many at once', async ({ app, random }) => {
    const names = random.words(8).split(' ')
    const began = performance.now()
    const answers = await together(names.length, (i) => app.get(`/reports/${names[i]}?wait_ms=300`))
    for (const [i, answer] of answers.entries()) {
      expect(answer).toAnswer(200, { report: names[i] })
      expect(answer, 'wait_ms is 300').toTakeAtLeast(290)
    }
    expect(performance.now() - began, '8 reports at once, each with wait_ms=300').toBeLessThan(1800)
    expect(await app.get(`/reports/${random.word()}`)).toHaveStatus(200)
  })

  test('answers 500 when the report is broken, and goes on', async ({ app }) => {
    expect(await app.get('/reports/broken')).toAnswer(500, error)
    const answer = await app.get('/reports/broken?wait_ms=60')
    expect(answer).toAnswer(500, error)
    expect(answer, 'wait_ms is 60: the report breaks after the wait').toTakeAtLeast(55)
    expect(await app.get('/reports/sales')).toAnswer(200, { report: 'sales' })
  })

  test('answers 404 and 405 where there is nothing', async ({ app, random }) => {
    expect(await app.get(`/orders/${random.int(100_000, 999_999)}`)).toAnswer(404, error)
    expect(await app.get(`/${random.word()}/${random.word()}`)).toAnswer(404, error)
    expect(await app.delete('/orders')).toAnswer(405, error)
    expect(await app.put('/orders/1', { json: { item: 'tea' } })).toAnswer(405, error)
  })
})

step('exposition', () => {
  test('GET /metrics answers in the text format', async ({ app }) => {
    const answer = await app.get('/metrics')
    expect(answer).toHaveStatus(200)
    expect(answer).toHaveHeader('content-type', /^text\/plain\s*;(.*;)?\s*version="?0\.0\.4"?\s*(;|$)/i)
    const versions = find(parse(answer.text), 'app_info')
    expect(versions, 'there is one series of app_info').toHaveLength(1)
    expect(versions[0], 'APP_VERSION is not set').toMatchObject({ labels: { version: 'unknown' }, value: 1 })
  })

  test('shows the version as it is, whatever it contains', async ({ start, prometheus, random }) => {
    for (const version of [`${random.int(1, 9)}.${random.int(0, 99)}`, oddVersion(random)]) {
      const app = await start({ env: { APP_VERSION: version } })
      const answer = await app.get('/metrics')
      note(`APP_VERSION is ${JSON.stringify(version)}`)
      expectReadable(await prometheus.promtool(['check', 'metrics'], { stdin: answer.text }))
      const [info] = find(parse(answer.text), 'app_info')
      const why = 'In the text format a backslash, a quote and a line feed of a label are written \\\\, \\" and \\n'
      expect(info?.labels.version, why).toBe(version)
    }
  })

  test('promtool has nothing to complain about', async ({ app, prometheus, random }) => {
    await app.get('/orders')
    await app.post('/orders', { json: { item: random.word() } })
    await app.get('/reports/broken')
    await app.get(`/${random.word()}`)
    const answer = await app.get('/metrics')
    const run = await prometheus.promtool(['check', 'metrics'], { stdin: answer.text })
    expectReadable(run)
    const complaints = `${run.stdout}\n${run.stderr}`
      .split('\n')
      .filter((line) => OURS.includes(line.split(' ')[0] ?? ''))
    expect(complaints, 'complaints of promtool check metrics').toEqual([])

    const { samples, types, helps } = parse(answer.text)
    const series = samples.map((sample) => sample.series)
    const twice = series.filter((one, i) => series.indexOf(one) !== i)
    expect(twice, 'series that are there more than once').toEqual([])
    const present = OURS.filter((name) => samples.some((sample) => sample.name.startsWith(name)))
    const incomplete = present.filter((name) => !types.has(name) || !helps.has(name))
    expect(incomplete, 'metrics without a TYPE or a HELP').toEqual([])
  })
})

/** 3 is the exit code for complaints about style, and those about further metrics are not ours to make. */
function expectReadable(run: Run) {
  if (run.exitCode === 3) return
  expect(run, `promtool check metrics, with the body of GET /metrics, says: ${run.stderr.trim()}`).toSucceed()
}
