import { expect } from 'vitest'
import { type Answer, type App, note, type Random, step, test } from 'learn-backend/kit'
import { create, createAll, newName, newProduct, type Product, query } from './catalogue.ts'
import { type Database, examined } from './profiler.ts'

const limit = 10

interface Stocked {
  app: App
  database: Database
  category: string
  products: Product[]
}

/** The catalogue of this file's `app`: some hundred products, filled at the first test that asks. */
const filled = new Map<number, Promise<{ category: string; products: Product[] }>>()

step('indexes', () => {
  test('one product is found without looking at others', async ({ app, mongodb, random }) => {
    const { database, products } = await stocked(app, mongodb.db, random)
    const variants = [{ size: 'M', color: 'red', stock: 5 }]
    const { sku } = await create(app, newProduct(random, { variants }))
    const stock = { json: { size: 'M', color: 'red', change: -1 } }
    const other = products[random.int(0, products.length - 1)]!.sku
    await expectExamined(database, 'GET /products/{sku}', 4, 200, () => app.get(`/products/${other}`))
    await expectExamined(database, 'POST /products/{sku}/stock', 4, 200, () =>
      app.post(`/products/${sku}/stock`, stock),
    )
    await expectExamined(database, 'PATCH /products/{sku}', 4, 200, () =>
      app.patch(`/products/${sku}`, { json: { version: 2, price: 5 } }),
    )
    await expectExamined(database, 'DELETE /products/{sku}', 4, 204, () => app.delete(`/products/${sku}`))
  })

  for (const sort of ['sku', 'price', '-price']) {
    test(`the first page looks at little more than it shows, sort=${sort}`, async ({ app, mongodb, random }) => {
      const { database, category } = await stocked(app, mongodb.db, random)
      for (const filter of [{}, { category }]) {
        const path = query('/products', { ...filter, sort, limit })
        await expectExamined(database, `GET ${path}`, 3 * limit, 200, () => app.get(path))
      }
    })
  }

  test('the first page of a category in a range of prices, sort=price', async ({ app, mongodb, random }) => {
    const { database, category, products } = await stocked(app, mongodb.db, random)
    const prices = products.filter((one) => one.category === category).map(({ price }) => price)
    const [minPrice, maxPrice] = [Math.min(...prices) + 1, Math.max(...prices)]
    const path = query('/products', { category, minPrice, maxPrice, sort: 'price', limit })
    await expectExamined(database, `GET ${path}`, 3 * limit, 200, () => app.get(path))
  })
})

async function stocked(app: App, database: Database, random: Random): Promise<Stocked> {
  const known = filled.get(app.port)
  const filling = known ?? fill(app, random)
  filled.set(app.port, filling)
  return { app, database, ...(await filling) }
}

/**
 * The products of the category are the last ones by sku, and in the midst of all others by price: whoever reads in order, without
 * an index for the category, comes by many others first.
 */
async function fill(app: App, random: Random): Promise<{ category: string; products: Product[] }> {
  const [category, other] = [newName(random), newName(random)]
  const products = Array.from({ length: 160 }, (_, i) => {
    const product = newProduct(random)
    if (i % 4 === 0) return { ...product, category, sku: `zz${product.sku}`, price: random.int(400_000, 600_000) }
    const price = i % 4 === 1 ? random.int(1, 399_999) : random.int(600_001, 999_999)
    return { ...product, category: other, price }
  })
  return { category, products: await createAll(app, products) }
}

async function expectExamined(
  database: Database,
  request: string,
  most: number,
  status: number,
  ask: () => Promise<Answer>,
): Promise<void> {
  const { answer, operations } = await examined(database, ask)
  expect(answer, request).toHaveStatus(status)
  for (const { text } of operations) note(`${request} asked MongoDB: ${text}`)
  const scans = operations.filter(({ plan }) => /COLLSCAN/.test(plan)).map(({ text }) => text)
  expect(scans, `${request} scans the whole collection: there is no index for this filter and this order`).toEqual([])
  const total = operations.reduce((sum, { documents }) => sum + documents, 0)
  const why =
    `${request} makes MongoDB look at so many documents (docsExamined), of 160 in the catalogue. An index serves a filter and an order ` +
    'together if it begins with the fields that must be equal, and goes on with those of the order'
  expect(total, why).toBeLessThanOrEqual(most)
}
