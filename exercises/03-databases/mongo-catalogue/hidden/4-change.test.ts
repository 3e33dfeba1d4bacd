import { expect } from 'vitest'
import { step, test, together } from 'learn-backend/kit'
import { create, current, expectRefused, get, newProduct, newSku, patch, product, type Variant } from './catalogue.ts'

step('patch', () => {
  test('changes what the body names, and nothing else', async ({ app, random }) => {
    const given = await create(
      app,
      newProduct(random, { attributes: { a: 1 }, variants: [{ size: 'M', color: 'red', stock: 1 }] }),
    )
    const price = given.price + 1
    const changed = { ...given, price, version: 2 }
    expect(await patch(app, given.sku, { version: 1, price })).toAnswer(200, product(changed))
    expect(await get(app, given.sku)).toAnswer(200, product(changed))
    const { name, brand, category } = newProduct(random)
    const variants = [{ size: 'L', color: 'blue', stock: 2 }]
    const again = { ...changed, name, brand, category, variants, version: 3 }
    expect(await patch(app, given.sku, { version: 2, name, brand, category, variants })).toAnswer(200, product(again))
    expect(await get(app, given.sku)).toAnswer(200, product(again))
  })

  test('attributes that the body does not name stay', async ({ app, random }) => {
    const given = await create(
      app,
      newProduct(random, { attributes: { color: 'red', ram: 16, wifi: true, constructor: 'x' } }),
    )
    const color = random.word()
    const attributes = { color, ram: 16, wifi: true, constructor: 'x', weight: 1.5 }
    const merged = await patch(app, given.sku, { version: 1, attributes: { color, weight: 1.5 } })
    expect(merged, 'color is changed, weight is new, the others stay').toAnswer(
      200,
      product({ ...given, attributes, version: 2 }),
    )
    const { ram: _, ...left } = attributes
    const removed = await patch(app, given.sku, { version: 2, attributes: { ram: null, never_there: null } })
    expect(removed, 'null removes an attribute, the others stay').toAnswer(
      200,
      product({ ...given, attributes: left, version: 3 }),
    )
    expect(await get(app, given.sku)).toAnswer(200, product({ ...given, attributes: left, version: 3 }))
  })

  test('another version gets 409 and changes nothing', async ({ app, random }) => {
    const given = await create(app, newProduct(random))
    for (const version of [2, 1000]) {
      expect(await patch(app, given.sku, { version, price: 1 }), 'the version is 1').toHaveStatus(409)
    }
    await patch(app, given.sku, { version: 1, name: 'second' })
    const late = await patch(app, given.sku, { version: 1, name: 'third' })
    expect(late, 'the version is 2 by now').toAnswer(409, expect.objectContaining({ error: expect.any(String) }))
    expect(await get(app, given.sku)).toAnswer(200, product({ ...given, name: 'second', version: 2 }))
    expect(await patch(app, newSku(random), { version: 1, price: 1 }), 'nobody has this sku').toHaveStatus(404)
  })

  test('of twenty requests with the same version one wins', async ({ app, mongodb, random }) => {
    mongodb.link.delay(10)
    const given = await create(app, newProduct(random, { attributes: { kept: 'yes' } }))
    const prices = Array.from({ length: 20 }, (_, i) => 100_000 + i)
    const answers = await together(20, (i) =>
      patch(app, given.sku, { version: 1, price: prices[i], attributes: { [`by_${i}`]: true } }),
    )
    for (const answer of answers) expect(answer, 'many change version 1 at the same moment').toHaveStatus([200, 409])
    const winners = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []))
    const why =
      'exactly one of 20 PATCHes with version 1 at the same moment gets 200. Between looking at the version and writing, others ' +
      'write too: is the version compared by the same operation that writes?'
    expect(winners.length, why).toBe(1)
    const attributes = { kept: 'yes', [`by_${winners[0]}`]: true }
    expect(await get(app, given.sku), 'what the winner wrote').toAnswer(
      200,
      product({ ...given, price: prices[winners[0]!]!, attributes, version: 2 }),
    )
  })

  test('refuses changes that are not as described', async ({ app, random }) => {
    const given = await create(app, newProduct(random, { attributes: { a: 1 } }))
    const bodies: unknown[] = [null, [], 'x', {}, { version: 1 }, { price: 1 }]
    for (const version of ['1', null, 1.5, true, [1], { $gt: 0 }, { $exists: true }, { $ne: 5 }])
      bodies.push({ version, price: 1 })
    for (const price of ['10', 10.5, -1, null, { $inc: 5 }]) bodies.push({ version: 1, price })
    for (const extra of [
      { sku: 'X' },
      { $set: { price: 1 } },
      { 'attributes.a': 2 },
      { 'variants.0.stock': 1 },
      { _id: 1 },
      { other: 1 },
    ]) {
      bodies.push({ version: 1, price: 1, ...extra })
    }
    for (const attributes of [
      null,
      [],
      { A: 1 },
      { 'a.b': 1 },
      { $set: 1 },
      { a: {} },
      { a: { $gt: '' } },
      { a: [1] },
    ]) {
      bodies.push({ version: 1, attributes })
    }
    for (const fields of [
      { name: '' },
      { name: null },
      { brand: { $rename: 'x' } },
      { category: 'A B' },
      { variants: [{ size: 'M' }] },
    ]) {
      bodies.push({ version: 1, ...fields })
    }
    for (const body of bodies)
      expectRefused(await patch(app, given.sku, body), `the body ${JSON.stringify(body)} is no change`)
    expect(await get(app, given.sku), 'all were refused').toAnswer(200, product({ ...given, version: 1 }))
  })
})

step('stock', () => {
  const change = (size: string, color: string, by: number) => ({ json: { size, color, change: by } })

  test('changes the stock of this variant only', async ({ app, random }) => {
    const variants = [
      { size: 'M', color: 'red', stock: random.int(5, 9) },
      { size: 'L', color: 'blue', stock: random.int(5, 9) },
      { size: 'M', color: 'blue', stock: random.int(5, 9) },
      { size: 'L', color: 'red', stock: random.int(5, 9) },
    ]
    const given = await create(app, newProduct(random, { variants }))
    const after = (by: number) =>
      variants.map((one) => (one.size === 'M' && one.color === 'blue' ? { ...one, stock: one.stock + by } : one))
    const taken = await app.post(`/products/${given.sku}/stock`, change('M', 'blue', -3))
    expect(taken, 'the stock of M and blue, and of no other variant').toAnswer(
      200,
      product({ ...given, variants: after(-3), version: 2 }),
    )
    const returned = await app.post(`/products/${given.sku}/stock`, change('M', 'blue', 10))
    expect(returned).toAnswer(200, product({ ...given, variants: after(7), version: 3 }))
    expect(await get(app, given.sku)).toAnswer(200, product({ ...given, variants: after(7), version: 3 }))
    const late = await patch(app, given.sku, { version: 1, variants: [] })
    expect(late, 'the version has grown with the stock: who saw version 1 does not know the stock').toHaveStatus(409)
  })

  test('never goes below 0', async ({ app, random }) => {
    const stock = random.int(2, 5)
    const scarce: Variant = { size: 'M', color: 'red', stock }
    const plenty: Variant = { size: 'M', color: 'blue', stock: 99 }
    const given = await create(app, newProduct(random, { variants: [plenty, scarce] }))
    const tooMuch = await app.post(`/products/${given.sku}/stock`, change('M', 'red', -stock - 1))
    expect(tooMuch, `there are ${stock}`).toAnswer(409, expect.objectContaining({ error: expect.any(String) }))
    expect(await get(app, given.sku), 'nothing was taken').toAnswer(200, product({ ...given, version: 1 }))
    const all = await app.post(`/products/${given.sku}/stock`, change('M', 'red', -stock))
    expect(all, `there are ${stock}`).toAnswer(200, product({ ...given, variants: [plenty, { ...scarce, stock: 0 }] }))
    expect(
      await app.post(`/products/${given.sku}/stock`, change('M', 'red', -1)),
      'there is nothing left',
    ).toHaveStatus(409)
  })

  test('many at the same moment take no more than there is', async ({ app, mongodb, random }) => {
    mongodb.link.delay(10)
    const given = await create(app, newProduct(random, { variants: [{ size: 'M', color: 'red', stock: 5 }] }))
    const answers = await together(12, () => app.post(`/products/${given.sku}/stock`, change('M', 'red', -1)))
    for (const answer of answers) expect(answer, 'twelve take one of five at the same moment').toHaveStatus([200, 409])
    const taken = answers.filter(({ status }) => status === 200).length
    expect(taken, 'five of twelve get one. Between looking at the stock and taking from it, others take too').toBe(5)
    expect((await current(app, given.sku)).variants).toEqual([{ size: 'M', color: 'red', stock: 0 }])
  })

  test('many at the same moment all count', async ({ app, mongodb, random }) => {
    mongodb.link.delay(10)
    const given = await create(
      app,
      newProduct(random, {
        variants: [
          { size: 'M', color: 'red', stock: 100 },
          { size: 'L', color: 'red', stock: 100 },
        ],
      }),
    )
    const changes = Array.from({ length: 20 }, (_, i) => ({
      size: i % 2 === 0 ? 'M' : 'L',
      by: random.pick([-2, -1, 1, 2, 3]),
    }))
    const answers = await together(20, (i) =>
      app.post(`/products/${given.sku}/stock`, change(changes[i]!.size, 'red', changes[i]!.by)),
    )
    for (const answer of answers) expect(answer, 'there is enough for all').toHaveStatus(200)
    const stock = (size: string) => changes.filter((one) => one.size === size).reduce((sum, { by }) => sum + by, 100)
    const { variants, version } = await current(app, given.sku)
    expect(variants, 'all twenty changes at the same moment count').toEqual([
      { size: 'M', color: 'red', stock: stock('M') },
      { size: 'L', color: 'red', stock: stock('L') },
    ])
    expect(version, 'each change adds 1 to the version').toBe(21)
  })

  test('answers 404 and 400 for what is not there or not described', async ({ app, random }) => {
    const given = await create(
      app,
      newProduct(random, {
        variants: [
          { size: 'M', color: 'red', stock: 5 },
          { size: 'L', color: 'blue', stock: 5 },
        ],
      }),
    )
    const path = `/products/${given.sku}/stock`
    expect(await app.post(path, change('M', 'blue', 1)), 'there are M, red and L, blue, but not M, blue').toHaveStatus(
      404,
    )
    expect(await app.post(path, change('M', 'blue', -1)), 'there are M, red and L, blue, but not M, blue').toHaveStatus(
      404,
    )
    expect(await app.post(`/products/${newSku(random)}/stock`, change('M', 'red', 1)), 'no such product').toHaveStatus(
      404,
    )
    const good = { size: 'M', color: 'red', change: 1 }
    const { size: _, ...incomplete } = good
    const bodies: unknown[] = [
      null,
      [],
      {},
      incomplete,
      { ...good, stock: 1 },
      { ...good, size: { $gt: '' } },
      { ...good, color: null },
    ]
    for (const value of ['1', 0, 1.5, null, { $gt: 0 }, 1_000_001, -1_000_001]) bodies.push({ ...good, change: value })
    for (const body of bodies)
      expectRefused(await app.post(path, { json: body }), `the body ${JSON.stringify(body)} is no change`)
    expect(await get(app, given.sku), 'nothing has changed').toAnswer(200, product({ ...given, version: 1 }))
  })
})
