import { expect } from 'vitest'
import { type Answer, type App, note, type Random, sleep, step, together, withApp } from 'learn-backend/kit'
import { newProduct, newSku, type Product, product } from './catalogue.ts'

const timeout = 400
/** Four times DB_TIMEOUT_MS, and what a busy machine may need. */
const most = 4 * timeout + 1400
const deadline = most + 3000
const settings = { DB_TIMEOUT_MS: String(timeout) }
const test = withApp({ env: settings })

step('outages', () => {
  test('lost connections mean 503, and are found again', async ({ app, mongodb, random }) => {
    const given = await stored(app, random)
    mongodb.link.cut()
    await expectUnavailable(app, random, given, 'all connections to the database are broken, new ones are refused')
    mongodb.link.restore()
    expect(
      await recovered(app, given.sku),
      'the database can be reached again, and the service was asked for ten seconds',
    ).toAnswer(200, product(given))
    await stored(app, random)
  })

  test('a database that does not answer means 503', async ({ app, mongodb, random }) => {
    const given = await stored(app, random)
    mongodb.link.blackhole()
    await expectUnavailable(app, random, given, 'the database is silent: connections stay open, but nothing comes back')
    mongodb.link.restore()
    expect(
      await recovered(app, given.sku),
      'the database answers again, and the service was asked for ten seconds',
    ).toAnswer(200, product(given))
    await stored(app, random)
  })

  test('the service may be started before its database', async ({ start, mongodb, random }) => {
    const { env } = await mongodb.database()
    mongodb.link.cut()
    const app = await start({ env: { ...env, ...settings } })
    noteOutage('the service was started, its database is not there yet')
    const sku = newSku(random)
    const early = await app.get(`/products/${sku}`, { deadline })
    expect(early, 'the service was started, its database is not there yet').toHaveStatus(503)
    mongodb.link.restore()
    const why =
      'the database is there now, and empty; for ten seconds the service was asked again and again. Does a first attempt that failed (to ' +
      'connect, or to create indexes) stand in the way of all later ones?'
    expect(await recovered(app, sku), why).toHaveStatus(404)
    const answers = await together(10, () => app.post('/products', { json: newProduct(random, { sku }), deadline }))
    const statuses = answers.map(({ status }) => status).sort()
    const unique =
      'ten requests for the same sku at the same moment: unique skus hold, although the database came later than the service'
    expect(statuses, unique).toEqual([201, ...Array.from({ length: 9 }, () => 409)])
  })
})

/** Stores a product. With a DB_TIMEOUT_MS as short as here, a busy machine may need another attempt. */
async function stored(app: App, random: Random): Promise<Product> {
  const given = newProduct(random)
  const answer = await until(
    () => app.post('/products', { json: given, deadline }),
    ({ status }) => status !== 503,
  )
  expect(answer, 'the database is there').toHaveStatus([201, 409])
  return given
}

function recovered(app: App, sku: string): Promise<Answer> {
  return until(
    () => app.get(`/products/${sku}`, { deadline }),
    ({ status }) => status < 500,
  )
}

/** Asks again until the answer is right, for the ten seconds that the spec allows, and a little more. */
async function until(ask: () => Promise<Answer>, right: (answer: Answer) => boolean): Promise<Answer> {
  const end = performance.now() + 11_000
  for (;;) {
    const answer = await ask()
    if (right(answer) || performance.now() > end) return answer
    await sleep(50)
  }
}

function noteOutage(what: string): void {
  note(`${what}: each request has to get 503, within four times DB_TIMEOUT_MS, here ${4 * timeout} ms`)
}

async function expectUnavailable(app: App, random: Random, given: Product, why: string): Promise<void> {
  noteOutage(why)
  const requests = [
    () => app.get(`/products/${given.sku}`, { deadline }),
    () => app.get('/products?limit=5', { deadline }),
    () => app.get('/facets', { deadline }),
    () => app.post('/products', { json: newProduct(random), deadline }),
    () => app.patch(`/products/${given.sku}`, { json: { version: 7, price: 1 }, deadline }),
  ]
  for (const answer of await together(requests.length, (i) => requests[i]!())) {
    expect(answer, why).toAnswer(503, expect.objectContaining({ error: expect.any(String) }))
    expect(answer, `${why}. DB_TIMEOUT_MS is ${timeout}`).toTakeAtMost(most)
  }
}
