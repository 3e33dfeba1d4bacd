import { expect } from 'vitest'
import { type Answer, step, test, together } from 'learn-backend/kit'
import { create, expectRefused, get, newProduct, newSku, product } from './catalogue.ts'

step('products', () => {
  test('stores a product and gives it back', async ({ app, random }) => {
    const given = newProduct(random, {
      name: `${random.unicode()} ${random.word()}`,
      brand: random.unicode(),
      attributes: { material: random.unicode(), ram: random.int(1, 99), ratio: 16.5, text: '16', used: false },
      variants: [
        { size: 'M', color: 'red', stock: random.int(0, 9) },
        { size: 'L', color: 'red', stock: random.int(0, 9) },
      ],
    })
    expect(await app.post('/products', { json: given })).toAnswer(201, product({ ...given, version: 1 }))
    expect(await get(app, given.sku)).toAnswer(200, product({ ...given, version: 1 }))
  })

  test('needs neither attributes nor variants', async ({ app, random }) => {
    const { attributes, variants, ...given } = newProduct(random)
    const whole = product({ ...given, attributes, variants, version: 1 })
    expect(await app.post('/products', { json: given })).toAnswer(201, whole)
    expect(await get(app, given.sku)).toAnswer(200, whole)
  })

  test('each product has attributes of its own, whatever their names', async ({ app, random }) => {
    const names = ['constructor', 'length', 'sku', 'price', 'a', 'x_1', `a${'b'.repeat(39)}`]
    for (const name of names) {
      const given = await create(app, newProduct(random, { attributes: { [name]: random.word() } }))
      expect(await get(app, given.sku), `it has one attribute, ${name}`).toAnswer(200, product(given))
    }
  })

  test('deletes a product', async ({ app, random }) => {
    const given = await create(app, newProduct(random))
    expect(await app.delete(`/products/${given.sku}`)).toHaveStatus(204)
    expect(await get(app, given.sku), 'it has been deleted').toHaveStatus(404)
    const again = newProduct(random, { sku: given.sku })
    expect(await app.post('/products', { json: again }), 'its sku is free again').toAnswer(
      201,
      product({ ...again, version: 1 }),
    )
  })

  test('answers 404 where there is no product', async ({ app, random }) => {
    const sku = newSku(random)
    const error = expect.objectContaining({ error: expect.any(String) })
    expect(await get(app, sku)).toAnswer(404, error)
    expect(await app.delete(`/products/${sku}`)).toAnswer(404, error)
  })

  test('keeps products in the database, not in its memory', async ({ app, start, random }) => {
    const given = await create(app, newProduct(random))
    const other = await start()
    expect(await get(other, given.sku), 'asked of another instance with the same database').toAnswer(
      200,
      product({ ...given, version: 1 }),
    )
    const second = await create(other, newProduct(random))
    expect(await get(app, second.sku), 'stored by another instance with the same database').toAnswer(
      200,
      product(second),
    )
  })
})

step('refusals', () => {
  test('refuses what is not a JSON object', async ({ app }) => {
    for (const body of ['', '{', 'null', '[]', '"text"', '42', '{"sku":"A-1",}']) {
      const answer = await app.post('/products', { body, headers: { 'content-type': 'application/json' } })
      expectRefused(answer, `the body ${body || '(nothing)'} is no JSON object`)
    }
  })

  test('refuses a product that lacks a field, or has one too many', async ({ app, random }) => {
    const whole = newProduct(random)
    for (const field of ['sku', 'name', 'category', 'brand', 'price'] as const) {
      const { [field]: _, ...rest } = whole
      expectRefused(await app.post('/products', { json: rest }), `${field} is missing`)
    }
    for (const extra of [{ version: 5 }, { _id: newSku(random) }, { $set: { price: 0 } }, { color: 'red' }]) {
      const [name] = Object.keys(extra)
      expectRefused(await app.post('/products', { json: { ...whole, ...extra } }), `${name} is not in the table`)
    }
    expect(await get(app, whole.sku), 'all were refused, so there is no such product').toHaveStatus(404)
  })

  const wrong: Record<string, unknown[]> = {
    sku: ['', 5, null, ['A-1'], { $gt: '' }, { $ne: null }, 'a b', 'a/b', 'ä', 'x'.repeat(41), 'A-1\n'],
    name: ['', 5, null, true, ['x'], { $gt: '' }, 'x'.repeat(201)],
    brand: ['', 0, null, { $exists: true }, 'x'.repeat(201)],
    category: ['', 'Shirts', 'a b', 'a_b', 5, null, { $regex: '.*' }, 'x'.repeat(41), 'shirts\n'],
    price: ['10', '', 10.5, -1, 1_000_000_001, null, true, [10], { $gt: 0 }, { $numberInt: '10' }],
    attributes: [null, [], 'x', 5],
    variants: [null, {}, 'x', [null], ['M'], [[]]],
  }

  test('refuses values of another kind', async ({ app, random }) => {
    const whole = newProduct(random)
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) {
        const answer = await app.post('/products', { json: { ...whole, [field]: value } })
        expectRefused(answer, `${field} can't be ${JSON.stringify(value).slice(0, 60)}`)
      }
    }
    expect(await get(app, whole.sku), 'all were refused, so there is no such product').toHaveStatus(404)
  })

  test('refuses attributes with other names or values', async ({ app, random }) => {
    for (const name of ['', 'Color', '1a', '_id', 'a.b', '$gt', '$where', 'a-b', 'ä', `a${'b'.repeat(40)}`]) {
      const answer = await app.post('/products', { json: newProduct(random, { attributes: { [name]: 'x' } }) })
      expectRefused(answer, `${JSON.stringify(name)} can't be the name of an attribute`)
    }
    for (const value of [null, [], ['x'], {}, { $gt: '' }, { a: 1 }, 'x'.repeat(201)]) {
      const json = { ...newProduct(random), attributes: { color: value } }
      expectRefused(
        await app.post('/products', { json }),
        `an attribute can't be ${JSON.stringify(value).slice(0, 60)}`,
      )
    }
  })

  test('refuses variants that are not as described', async ({ app, random }) => {
    const good = { size: 'M', color: 'red', stock: 1 }
    const { stock: _, ...incomplete } = good
    const bad: unknown[] = [incomplete, { ...good, extra: 1 }, { ...good, size: 5 }, { ...good, color: '' }]
    for (const stock of ['1', -1, 1.5, null, { $inc: 1 }, 1_000_001]) bad.push({ ...good, stock })
    for (const variant of bad) {
      const answer = await app.post('/products', { json: { ...newProduct(random), variants: [variant] } })
      expectRefused(answer, `${JSON.stringify(variant)} is no variant`)
    }
    const twice = { ...newProduct(random), variants: [good, { ...good, stock: 2 }] }
    expectRefused(await app.post('/products', { json: twice }), 'two variants have the same size and color')
  })

  test('accepts everything at its limits', async ({ app, random }) => {
    const variant = { size: 'x'.repeat(40), color: 'y', stock: 1_000_000 }
    await create(
      app,
      newProduct(random, {
        sku: random.hex(40),
        name: 'ß'.repeat(200),
        price: 0,
        attributes: { a: '', b: 'x'.repeat(200) },
      }),
    )
    await create(
      app,
      newProduct(random, {
        category: `${random.hex(38)}-0`,
        price: 1_000_000_000,
        variants: [variant, { ...variant, color: 'z', stock: 0 }],
      }),
    )
  })
})

step('unique', () => {
  test('a taken sku gets 409, and its product stays as it is', async ({ app, random }) => {
    const first = await create(app, newProduct(random))
    const answer = await app.post('/products', { json: newProduct(random, { sku: first.sku }) })
    expect(answer, `${first.sku} is taken`).toAnswer(409, expect.objectContaining({ error: expect.any(String) }))
    expect(await get(app, first.sku)).toAnswer(200, product({ ...first, version: 1 }))
  })

  test('of twenty requests at the same moment one gets the sku', async ({ app, mongodb, random }) => {
    mongodb.link.delay(10)
    for (let round = 0; round < 2; round++) {
      const sku = newSku(random)
      const given = Array.from({ length: 20 }, () => newProduct(random, { sku }))
      const answers = await together(20, (i) => app.post('/products', { json: given[i] }))
      const winner = expectOneWinner(answers)
      expect(await get(app, sku), 'the product of the one that got 201').toAnswer(200, product(given[winner]!))
    }
  })

  test('also when two instances start on an empty database', async ({ start, mongodb, random }) => {
    const { env } = await mongodb.database()
    const apps = await together(2, () => start({ env }))
    const sku = newSku(random)
    const answers = await together(10, (i) => apps[i % 2]!.post('/products', { json: newProduct(random, { sku }) }))
    expectOneWinner(answers)
  })
})

function expectOneWinner(answers: Answer[]): number {
  for (const answer of answers) expect(answer, 'many ask for the same sku at the same moment').toHaveStatus([201, 409])
  const winners = answers.flatMap(({ status }, i) => (status === 201 ? [i] : []))
  const why =
    `exactly one of ${answers.length} requests for the same sku at the same moment gets 201. Between looking whether a sku is free and ` +
    'inserting, others insert too: only the database can decide, and it needs an index for that, before the first insert'
  expect(winners.length, why).toBe(1)
  return winners[0]!
}
