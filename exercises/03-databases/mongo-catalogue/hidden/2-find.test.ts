import { expect } from 'vitest'
import { step, test } from 'learn-backend/kit'
import { create, createAll, expectFound, expectRefused, newName, newProduct, query } from './catalogue.ts'

step('filters', () => {
  test('finds by category and by brand, exactly', async ({ app, random }) => {
    const [category, brand] = [newName(random), `${random.unicode()} & ${newName(random)}`]
    const both = await create(app, newProduct(random, { category, brand }))
    const one = await create(app, newProduct(random, { category }))
    const other = await create(app, newProduct(random, { brand }))
    await create(app, newProduct(random, { category: `${category}x`, brand: `${brand}x` }))
    await expectFound(app, { category }, [both, one], `products of the category ${category}`)
    await expectFound(app, { brand }, [both, other], `products of the brand ${brand}`)
    await expectFound(app, { category, brand }, [both], 'products of this category and this brand')
    await expectFound(app, { brand: brand.toUpperCase() }, [], 'nobody has a brand of exactly this name')
    const { items } = (await app.get(query('/products', { category, brand }))).json
    expect(items, 'items are whole products').toEqual([expect.objectContaining({ ...both, version: 1 })])
  })

  test('finds by price, both bounds inclusive', async ({ app, random }) => {
    const category = newName(random)
    const prices = [0, 9, 10, 95, 100, 1000]
    const products = await createAll(
      app,
      prices.map((price) => newProduct(random, { category, price })),
    )
    const between = (min: number, max: number) => products.filter(({ price }) => price >= min && price <= max)
    await expectFound(app, { category, minPrice: 9, maxPrice: 100 }, between(9, 100), 'prices from 9 to 100')
    await expectFound(app, { category, minPrice: 95 }, between(95, Infinity), 'prices from 95')
    await expectFound(app, { category, maxPrice: 0 }, between(0, 0), 'prices up to 0')
    await expectFound(app, { category, minPrice: 101, maxPrice: 999 }, [], 'no price from 101 to 999')
  })

  test('finds by attributes, as a text, a number or a truth', async ({ app, random }) => {
    const category = newName(random)
    const values = [16, '16', 16.5, '16 GB', true, 'true', false, 'x', '016']
    const products = await createAll(
      app,
      values.map((value) => newProduct(random, { category, attributes: { ram: value, length: 1 } })),
    )
    await create(app, newProduct(random, { category }))
    const having = (...wanted: unknown[]) => products.filter(({ attributes }) => wanted.includes(attributes['ram']))
    for (const [text, found] of [
      ['16', having(16, '16')],
      ['16.5', having(16.5)],
      ['016', having('016')],
      ['true', having(true, 'true')],
      ['false', having(false)],
      ['16 GB', having('16 GB')],
      ['null', []],
    ] as const) {
      const wanted =
        found.map(({ attributes }) => JSON.stringify(attributes['ram'])).join(' or ') || 'nothing that there is'
      await expectFound(app, { category, 'attributes.ram': text }, [...found], `attributes.ram=${text} finds ${wanted}`)
    }
    await expectFound(app, { category, 'attributes.ram': 'x', 'attributes.length': '1' }, having('x'), 'two attributes')
    await expectFound(app, { category, 'attributes.rom': '16' }, [], 'nobody has this attribute')
  })

  test('refuses what is no parameter', async ({ app, random }) => {
    const category = newName(random)
    for (const [parameters, why] of [
      ['colour=red', 'there is no such parameter'],
      [`category=${category}&category=x`, 'category comes twice'],
      ['attributes.a=1&attributes.a=2', 'an attribute comes twice'],
      ['attributes.=x', 'an attribute has a name'],
      ['attributes.A=x', 'no attribute can have this name'],
      ['attributes.a.b=x', 'no attribute can have this name'],
      ['attributes=x', 'there is no such parameter'],
      ['minPrice=cheap', 'minPrice is no number'],
      ['maxPrice=10.5', 'maxPrice is not whole'],
      ['maxPrice=', 'maxPrice is no number'],
    ] as const) {
      expectRefused(await app.get(encodeURI(`/products?${parameters}`)), `${parameters}: ${why}`)
    }
  })

  test('a value is a value, also if it looks like a query', async ({ app, random }) => {
    const category = newName(random)
    const [odd] = await createAll(app, [
      newProduct(random, { category, brand: '$gt', attributes: { code: '{"$ne":null}' } }),
      newProduct(random, { category, attributes: { code: 'x' } }),
    ])
    for (const parameters of [
      'category[$ne]=x',
      'category[]=x',
      'category[$gt]=',
      'brand[$regex]=.*',
      'minPrice[$gt]=0',
      '$where=1',
      'attributes.$where=1',
      'attributes.code[$ne]=1',
      'attributes[code]=x',
      'price=1',
      'filter={}',
    ]) {
      expectRefused(await app.get(encodeURI(`/products?${parameters}`)), `${parameters}: there is no such parameter`)
    }
    await expectFound(app, { category, brand: '$gt' }, [odd!], 'the brand "$gt"')
    await expectFound(app, { category, 'attributes.code': '{"$ne":null}' }, [odd!], 'the text {"$ne":null}')
    for (const value of ['{"$gt":""}', '.*', '/./', '[object Object]', '$ne', '*']) {
      await expectFound(app, { category, brand: value }, [], `no brand is called ${value}`)
    }
  })
})

step('variants', () => {
  test('one and the same variant meets all conditions', async ({ app, random }) => {
    const category = newName(random)
    const [crossed, exact, sold] = await createAll(app, [
      newProduct(random, {
        category,
        variants: [
          { size: 'M', color: 'red', stock: 2 },
          { size: 'L', color: 'blue', stock: 2 },
        ],
      }),
      newProduct(random, {
        category,
        variants: [
          { size: 'S', color: 'green', stock: 1 },
          { size: 'M', color: 'blue', stock: 1 },
        ],
      }),
      newProduct(random, {
        category,
        variants: [
          { size: 'M', color: 'blue', stock: 0 },
          { size: 'L', color: 'red', stock: 9 },
        ],
      }),
      newProduct(random, { category }),
    ])
    const has = 'does the condition on the size hold for the same variant as the one on the color?'
    await expectFound(app, { category, size: 'M', color: 'blue' }, [exact!, sold!], `a variant M and blue: ${has}`)
    await expectFound(
      app,
      { category, size: 'M', color: 'blue', inStock: 'true' },
      [exact!],
      `M, blue and in stock: ${has}`,
    )
    await expectFound(
      app,
      { category, color: 'blue', inStock: 'true' },
      [crossed!, exact!],
      `blue and in stock: ${has}`,
    )
    await expectFound(app, { category, size: 'L', color: 'green' }, [], `nobody has a variant L and green: ${has}`)
  })

  test('size, color and inStock also count alone', async ({ app, random }) => {
    const category = newName(random)
    const [red, gone] = await createAll(app, [
      newProduct(random, { category, variants: [{ size: '42', color: 'red', stock: 1 }] }),
      newProduct(random, {
        category,
        variants: [
          { size: '42', color: 'blue', stock: 0 },
          { size: '43', color: 'red', stock: 0 },
        ],
      }),
      newProduct(random, { category, attributes: { size: '42', color: 'red', stock: 5 } }),
    ])
    await expectFound(app, { category, size: '42' }, [red!, gone!], 'a variant of size 42')
    await expectFound(app, { category, color: 'red' }, [red!, gone!], 'a red variant')
    await expectFound(app, { category, inStock: 'true' }, [red!], 'a variant in stock')
    for (const value of ['false', '1', '', 'TRUE']) {
      expectRefused(
        await app.get(query('/products', { category, inStock: value })),
        `inStock can't be ${value || 'empty'}`,
      )
    }
  })
})
