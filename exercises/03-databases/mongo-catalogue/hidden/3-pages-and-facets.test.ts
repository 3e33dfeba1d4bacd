import { expect } from 'vitest'
import { type App, note, type Random, step, test } from 'learn-backend/kit'
import {
  create,
  createAll,
  expectRefused,
  newName,
  newProduct,
  page,
  type Product,
  query,
  shuffledVariants,
} from './catalogue.ts'
import { tampered } from './tampered-cursors.ts'

const sorts = ['sku', 'price', '-price'] as const
type Sort = (typeof sorts)[number]

/** A product as the messages show it, with what the order depends on. */
function shown({ sku, price }: Product): string {
  return `${sku} at ${price}`
}

/** The order that the spec describes. A sku is ASCII, so its bytes are its characters. */
function inOrder(products: Product[], sort: Sort): string[] {
  const bySku = (a: Product, b: Product) => (a.sku < b.sku ? -1 : 1)
  const ordered = products.toSorted((a, b) => (sort === 'sku' ? 0 : a.price - b.price) || bySku(a, b))
  return (sort === '-price' ? ordered.reverse() : ordered).map(shown)
}

/** Products of which several have the same price, so that pages end in the midst of them. */
function withTies(random: Random, category: string, count: number): Product[] {
  const prices = [random.int(1000, 1999), random.int(2000, 2999), random.int(10_000, 19_999)]
  return Array.from({ length: count }, (_, i) => newProduct(random, { category, price: prices[i % 3]! }))
}

/** Follows the pages to the end. */
async function walk(
  app: App,
  parameters: Record<string, string | number>,
  between: (seen: Product[], number: number) => Promise<void> = () => Promise.resolve(),
  why = 'follows next to the next page',
): Promise<string[]> {
  const all: string[] = []
  let cursor: string | null = null
  for (let number = 1; number <= 60; number++) {
    const { items, next } = await page(app, { ...parameters, ...(cursor === null ? {} : { cursor }) }, why)
    note(`page ${number}: ${items.map(shown).join(', ') || '(empty)'}; next: ${next ?? 'null'}`)
    expect(items.length, 'a page has limit products at most').toBeLessThanOrEqual(Number(parameters['limit'] ?? 20))
    all.push(...items.map(shown))
    if (next === null) return all
    expect(next, 'next is a text or null').toBeTypeOf('string')
    cursor = next
    await between(items, number)
  }
  return expect.fail('60 pages were fetched, and there is still a next one')
}

step('pages', () => {
  test('follows the order to the end, products of the same price included', async ({ app, random }) => {
    const category = newName(random)
    const products = await createAll(app, withTies(random, category, 16))
    for (const sort of sorts) {
      const skus = await walk(app, { category, sort, limit: 3 })
      expect(skus, `all pages with sort=${sort}, one after the other`).toEqual(inOrder(products, sort))
    }
    expect(await walk(app, { category, limit: 4 }), 'the default order is by sku').toEqual(inOrder(products, 'sku'))
  })

  test('limit is 20 if it is missing, and 1 to 100 otherwise', async ({ app, random }) => {
    const category = newName(random)
    const products = await createAll(app, withTies(random, category, 23))
    const first = await page(app, { category, sort: 'price' })
    expect(first.items.map(shown), 'without limit').toEqual(inOrder(products, 'price').slice(0, 20))
    expect(first.next, 'there are three more').toBeTypeOf('string')
    expect((await page(app, { category, limit: 1 })).items).toHaveLength(1)
    const whole = await page(app, { category, limit: 100 })
    expect(whole.items).toHaveLength(23)
    expect(whole.next, 'there is no product after these').toBeNull()
    for (const limit of ['0', '101', '-1', '2.5', 'all', '', '1e1']) {
      expectRefused(await app.get(query('/products', { category, limit })), `limit can't be ${limit || 'empty'}`)
    }
    for (const sort of ['name', '', 'price,sku', '-sku', 'constructor', '$natural', '{"price":1}']) {
      expectRefused(await app.get(query('/products', { category, sort })), `there is no order ${sort || '(empty)'}`)
    }
  })

  for (const sort of sorts) {
    test(`nothing is lost or doubled while others insert, sort=${sort}`, async ({ app, random }) => {
      const category = newName(random)
      const products = await createAll(app, withTies(random, category, 14))
      const price = () => random.pick([0, random.pick(products).price, 1_000_000])
      const skus = await walk(app, { category, sort, limit: 4 }, async (_, number) => {
        const few = Array.from({ length: number < 4 ? 4 : 0 }, () => newProduct(random, { category, price: price() }))
        // One before and one behind everything else.
        if (few[0] && few[1]) [few[0].sku, few[1].sku] = [`-${few[0].sku}`, `zz${few[1].sku}`]
        await createAll(app, few)
      })
      const original = new Set(products.map(shown))
      const why =
        'each product that was there all the time comes once, in order, whatever is inserted between two pages'
      expect(
        skus.filter((one) => original.has(one)),
        why,
      ).toEqual(inOrder(products, sort))
    })
  }

  test('goes on where it was, also if that product is gone', async ({ app, random }) => {
    for (const sort of sorts) {
      const category = newName(random)
      const products = await createAll(app, withTies(random, category, 11))
      const why = `with sort=${sort}, the last product of each page was deleted before the next page was fetched`
      const removeLast = async (seen: Product[]) => {
        expect(await app.delete(`/products/${seen.at(-1)!.sku}`)).toHaveStatus(204)
      }
      const skus = await walk(app, { category, sort, limit: 3 }, removeLast, why)
      expect(skus, why).toEqual(inOrder(products, sort))
    }
  })

  test('a filter holds on all pages', async ({ app, random }) => {
    const category = newName(random)
    const products = await createAll(app, [
      ...withTies(random, category, 7),
      ...withTies(random, category, 7).map((one) => ({ ...one, variants: [{ size: 'M', color: 'red', stock: 1 }] })),
    ])
    await create(app, newProduct(random, { variants: [{ size: 'M', color: 'red', stock: 1 }] }))
    const parameters = { category, size: 'M', inStock: 'true', minPrice: 2000, limit: 3 }
    const wanted = products.filter(({ variants, price }) => variants.length > 0 && price >= 2000)
    for (const sort of sorts) {
      expect(await walk(app, { ...parameters, sort }), `filtered, sort=${sort}`).toEqual(inOrder(wanted, sort))
    }
  })

  test('refuses what is none of its cursors', async ({ app, random }) => {
    const category = newName(random)
    await createAll(app, withTies(random, category, 6))
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const strange = [
      'x',
      '%',
      '0',
      '-1',
      'null',
      '{}',
      '[]',
      '{"$gt":""}',
      random.unicode(),
      random.hex(64),
      random.hex(24),
    ]
    strange.push(
      encode({}),
      encode([]),
      encode(null),
      encode({ $gt: '' }),
      encode({ price: { $gt: 0 }, sku: { $gt: '' } }),
    )
    for (const cursor of strange) {
      expectRefused(await app.get(query('/products', { category, limit: 2, cursor })), `${cursor} is no cursor`)
    }
    for (const sort of sorts) {
      const { next } = await page(app, { category, limit: 2, sort })
      for (const other of sorts.filter((one) => one !== sort)) {
        const answer = await app.get(query('/products', { category, limit: 2, sort: other, cursor: next! }))
        expectRefused(answer, `the cursor was made with sort=${sort}, and comes with sort=${other}`)
      }
      const genuine = await app.get(query('/products', { category, limit: 2, sort, cursor: next! }))
      expect(genuine, 'the cursor as it was given').toHaveStatus(200)
      for (const { cursor, what } of tampered(next!)) {
        const answer = await app.get(query('/products', { category, limit: 2, sort, cursor }))
        // Whoever does not use this part of the cursor need not look at it.
        const isIgnored = answer.status === 200 && answer.text === genuine.text
        if (!isIgnored)
          expectRefused(
            answer,
            `a cursor comes from the client like all other input. Somebody decoded this one and put other things into it: ${what}`,
          )
      }
    }
  })
})

interface Counted {
  value: string
  products: Product[]
}

function counted(products: Product[], valuesOf: (product: Product) => string[]): Counted[] {
  const groups = new Map<string, Product[]>()
  for (const product of products) {
    for (const value of new Set(valuesOf(product))) groups.set(value, [...(groups.get(value) ?? []), product])
  }
  return [...groups]
    .map(([value, members]) => ({ value, products: members }))
    .sort((a, b) => b.products.length - a.products.length || (a.value < b.value ? -1 : 1))
}

function prices(products: Product[]) {
  const all = products.map(({ price }) => price)
  return { min: Math.min(...all), max: Math.max(...all), avg: all.reduce((sum, price) => sum + price, 0) / all.length }
}

/** Rounded or not: what came, if it can be the mean. */
function mean(exact: number, got: unknown): number {
  return typeof got === 'number' && Math.abs(got - exact) <= 0.5 ? got : exact
}

async function expectFacets(app: App, parameters: Record<string, string>, products: Product[], why: string) {
  const answer = await app.get(query('/facets', parameters))
  expect(answer, why).toHaveStatus(200)
  const got = answer.json as { price?: { avg?: unknown }; categories?: { avg?: unknown }[] } | undefined
  const stats = (members: Product[], avg: unknown) => ({ ...prices(members), avg: mean(prices(members).avg, avg) })
  const counts = (groups: Counted[]) => groups.map(({ value, products: members }) => ({ value, count: members.length }))
  expect(answer, why).toContainJson({
    total: products.length,
    price: products.length === 0 ? null : stats(products, got?.price?.avg),
    categories: counted(products, ({ category }) => [category]).map(({ value, products: members }, i) => ({
      value,
      count: members.length,
      ...stats(members, got?.categories?.[i]?.avg),
    })),
    brands: counts(counted(products, ({ brand }) => [brand])),
    sizes: counts(counted(products, ({ variants }) => variants.map(({ size }) => size))),
  })
}

step('facets', () => {
  test('counts and prices of a category and of a brand', async ({ app, random }) => {
    const [brands, categories] = [0, 1].map(() => Array.from({ length: 3 }, () => newName(random))) as [
      string[],
      string[],
    ]
    const products = await createAll(
      app,
      Array.from({ length: 30 }, () =>
        newProduct(random, { brand: random.pick(brands), category: random.pick(categories) }),
      ),
    )
    for (const brand of brands) {
      await expectFacets(
        app,
        { brand },
        products.filter((one) => one.brand === brand),
        `the brand ${brand}`,
      )
    }
    for (const category of categories) {
      await expectFacets(
        app,
        { category },
        products.filter((one) => one.category === category),
        `the category ${category}`,
      )
    }
  })

  test('a product with several variants of a size counts once for it', async ({ app, random }) => {
    const category = newName(random)
    const variant = (size: string, color: string) => ({ size, color, stock: random.int(0, 3) })
    const products = await createAll(app, [
      newProduct(random, { category, variants: [variant('L', 'red'), variant('L', 'blue'), variant('L', 'green')] }),
      newProduct(random, { category, variants: [variant('M', 'red')] }),
      newProduct(random, { category, variants: [variant('M', 'blue'), variant('S', 'red')] }),
      newProduct(random, { category }),
    ])
    await expectFacets(
      app,
      { category },
      products,
      'sizes count products, not variants; a product without variants counts elsewhere',
    )
  })

  test('takes the filters of /products', async ({ app, random }) => {
    const category = newName(random)
    const brand = random.unicode()
    const products = await createAll(
      app,
      Array.from({ length: 24 }, (_, i) =>
        newProduct(random, {
          category,
          brand: random.pick([brand, 'Other']),
          price: random.int(1, 50) * 100,
          attributes: { ram: i % 2 === 0 ? 16 : '16 GB' },
          variants: shuffledVariants(random),
        }),
      ),
    )
    await expectFacets(
      app,
      { category, brand },
      products.filter((one) => one.brand === brand),
      'brand',
    )
    await expectFacets(
      app,
      { category, 'attributes.ram': '16' },
      products.filter(({ attributes }) => attributes['ram'] === 16),
      'attributes.ram',
    )
    const inRange = products.filter(({ price }) => price >= 1000 && price <= 3000)
    await expectFacets(app, { category, minPrice: '1000', maxPrice: '3000' }, inRange, 'minPrice and maxPrice')
    const variants = products.filter((one) => one.variants.some(({ size, stock }) => size === 'M' && stock > 0))
    await expectFacets(app, { category, size: 'M', inStock: 'true' }, variants, 'size and inStock')
  })

  test('counts all pages together', async ({ app, random }) => {
    const category = newName(random)
    const products = await createAll(
      app,
      Array.from({ length: 107 }, () => newProduct(random, { category, brand: 'Nord' })),
    )
    await expectFacets(app, { category }, products, 'there are more products than fit on a page')
  })

  test('nothing found is an answer, too', async ({ app, random }) => {
    await expectFacets(app, { category: newName(random) }, [], 'nobody has this category')
  })

  test('refuses what is no filter', async ({ app }) => {
    for (const parameters of [
      'sort=price',
      'limit=5',
      'cursor=x',
      'brand[$ne]=x',
      'attributes.$where=1',
      'inStock=no',
    ]) {
      expectRefused(await app.get(encodeURI(`/facets?${parameters}`)), `${parameters} is no filter`)
    }
  })
})
