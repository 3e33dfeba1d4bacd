import { afterAll, expect } from 'vitest'
import { step, test, together } from 'learn-backend/kit'
import { down } from './down.ts'
import { errors } from './errors.ts'
import { counted, oddVersion, scrape, total } from './exposition.ts'
import { closeSlots, watch } from './live.ts'
import { type AlertName, expectAlerts, type Scenarios } from './rules.ts'
import { slow } from './slow.ts'
import { inFlight, leaving, zero } from './under-way.ts'

afterAll(closeSlots)

step('in-flight', inFlight)

step('leaving', leaving)

step('zero', zero)

step('errors', () => inSimulatedTime('ShopErrors', errors))

step('slow', () => inSimulatedTime('ShopSlow', slow))

step('down', () => inSimulatedTime('ShopDown', down))

function inSimulatedTime(alert: AlertName, scenarios: Scenarios) {
  for (const [title, scenario] of Object.entries(scenarios)) {
    test(title, async ({ prometheus }) => {
      await expectAlerts(prometheus, alert, scenario())
    })
  }
}

step('live', () => {
  test('Prometheus scrapes the shop, whatever the version is called', async ({ start, prometheus, random }) => {
    const version = oddVersion(random)
    const app = await start({ env: { APP_VERSION: version } })
    await app.get('/reports/broken')
    using shop = await watch(prometheus, app)
    const [info] = await shop.query(`app_info{${shop.instance}}`)
    const why = `the label that Prometheus got for APP_VERSION=${JSON.stringify(version)}`
    expect(info?.metric.version, why).toBe(version)
  })

  test('increases are right, from the first error to beyond a restart', async ({ start, prometheus, random }) => {
    const app = await start()
    using shop = await watch(prometheus, app)
    const fresh = await scrape(app)
    await app.get('/reports/broken')
    await counted(app, fresh, 1)
    await shop.scraped()
    const ofErrors = `sum(increase(http_requests_total{status="500",${shop.instance}}[1m]))`
    const first = await shop.value(ofErrors)
    const why = `scraped, then one request failed, then scraped again: Prometheus was asked ${ofErrors}`
    expect(first ?? 0, why).toBeGreaterThan(0.9)
    expect(first ?? 0, why).toBeLessThan(3)

    const rounds = [random.int(30, 45), random.int(15, 25)]
    for (const [i, requests] of rounds.entries()) {
      if (i > 0) await app.restart()
      const before = await scrape(app)
      if (i > 0) expect(total(before, 'http_requests_total'), 'http_requests_total right after a restart').toBe(0)
      await shop.scraped()
      await together(requests, () => app.get('/orders'))
      await counted(app, before, requests)
      await shop.scraped()
    }
    const query = `sum(increase(http_requests_total{route="/orders",${shop.instance}}[1m]))`
    const increase = await shop.value(query)
    const sum = rounds.reduce((a, b) => a + b, 0)
    const asked = `${rounds[0]} requests, a restart, ${rounds[1]} requests: Prometheus was asked ${query} (it extrapolates a little)`
    expect(increase ?? 0, asked).toBeGreaterThan(sum * 0.9)
    expect(increase ?? 0, asked).toBeLessThan(sum * 1.6)
  })

  test('ShopErrors tells the share of errors', async ({ start, prometheus }) => {
    const app = await start()
    using shop = await watch(prometheus, app)
    const before = await scrape(app)
    for (let i = 0; i < 5; i++) await together(40, (j) => app.get(j % 4 === 0 ? '/reports/broken' : '/orders'))
    await counted(app, before, 200)
    await shop.scraped()
    const labels = { job: 'shop', severity: 'page' }
    const { annotations } = await shop.alert('ShopErrors', labels, 'a quarter of 200 requests failed')
    const rate = (selector: string) => `sum(rate(http_requests_total{job="shop"${selector}}[5m]))`
    const share = await shop.value(`100 * ${rate(',status=~"5.."')} / ${rate('')}`)
    const told = Number(/(\d+(?:\.\d+)?)\s?%/.exec(annotations.summary ?? '')?.[1])
    const why = `${share} % of the requests failed. The summary is ${JSON.stringify(annotations.summary)}, its number before %`
    expect(told, why).toBeGreaterThan((share ?? 0) * 0.6)
    expect(told, why).toBeLessThan((share ?? 0) * 1.5)
  })

  test('ShopSlow tells the route and its 95th percentile', async ({ start, prometheus, random }) => {
    const app = await start()
    using shop = await watch(prometheus, app)
    const before = await scrape(app)
    const slowOnes = 130
    const answers = together(slowOnes, () => app.get(`/reports/${random.word()}?wait_ms=600`, { deadline: 8000 }))
    for (const answer of await answers) expect(answer).toHaveStatus(200)
    await counted(app, before, slowOnes)
    await shop.scraped()
    const why = `${slowOnes} reports took more than 600 ms`
    const percentile = (more: string) => {
      const selector = `job="shop",route="/reports/{name}"${more}`
      return `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{${selector}}[5m])))`
    }
    const query = percentile(`,${shop.instance}`)
    const own = await shop.value(query)
    expect(own ?? 0, `${why}: Prometheus was asked ${query}`).toBeGreaterThan(0.5)

    const labels = { job: 'shop', route: '/reports/{name}', severity: 'ticket' }
    const { annotations } = await shop.alert('ShopSlow', labels, why)
    const { summary = '' } = annotations
    expect(summary, 'the summary contains the route').toContain('/reports/{name}')
    const [, number, unit] = /(\d+(?:\.\d+)?)\s?(ms|milliseconds|s|seconds)\b/.exec(summary) ?? []
    const told = Number(number) / (unit?.startsWith('m') ? 1000 : 1)
    const all = (await shop.value(percentile(''))) ?? 0
    const because = `the 95th percentile is ${all} seconds. The summary is ${JSON.stringify(summary)}, its number in seconds`
    expect(told, because).toBeGreaterThan(all * 0.6)
    expect(told, because).toBeLessThan(all * 1.5)
  })

  test('ShopDown names the instance', async ({ start, prometheus }) => {
    const app = await start()
    using shop = await watch(prometheus, app)
    const port = /\d+/.exec(shop.instance)?.[0]
    const instance = new RegExp(`:${port}$`)
    const mine = async () =>
      (await shop.alerts()).filter(({ name, labels }) => name === 'ShopDown' && instance.test(labels.instance ?? ''))
    await expect.poll(mine, { message: 'ShopDown while the instance is up', timeout: 4000 }).toEqual([])
    expect(ailing(await shop.rules()), 'rules that Prometheus could not evaluate').toEqual([])
    await app.kill()
    const labels = { job: 'shop', severity: 'page', instance }
    const alert = await shop.alert('ShopDown', labels, 'the instance is down')
    const name = alert.labels.instance ?? '?'
    expect(alert.annotations.summary, `the summary contains the instance, ${name}`).toContain(name)
  })
})

/** What the API says about rules that failed. */
function ailing({ groups }: { groups: { rules: { health: string }[] }[] }): unknown[] {
  return groups.flatMap(({ rules }) => rules).filter(({ health }) => health === 'err')
}
