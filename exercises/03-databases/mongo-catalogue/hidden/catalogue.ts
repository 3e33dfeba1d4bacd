import { expect } from 'vitest'
import { type Answer, type App, type Random, together } from 'learn-backend/kit'

export interface Variant {
  size: string
  color: string
  stock: number
}

export interface Product {
  sku: string
  name: string
  category: string
  brand: string
  price: number
  attributes: Record<string, string | number | boolean>
  variants: Variant[]
}

export function newSku(random: Random): string {
  return `${random.pick(['A', 'b', 'Z-', 'x', '0', '9-'])}${random.hex(10)}`
}

/** A category or brand that nobody else has: a test sees only its own products. */
export function newName(random: Random): string {
  return `${random.word()}-${random.hex(6)}`
}

export function newProduct(random: Random, fields: Partial<Product> = {}): Product {
  return {
    sku: newSku(random),
    name: random.words(2),
    category: newName(random),
    brand: newName(random),
    price: random.int(100, 99_999),
    attributes: {},
    variants: [],
    ...fields,
  }
}

export async function create(app: App, product: Product): Promise<Product> {
  const answer = await app.post('/products', { json: product })
  expect(answer, 'storing a product, before the test itself begins').toHaveStatus(201)
  return product
}

/** Stores many products, some at a time. */
export async function createAll(app: App, products: Product[]): Promise<Product[]> {
  for (let i = 0; i < products.length; i += 20) {
    const some = products.slice(i, i + 20)
    await together(some.length, (j) => create(app, some[j]!))
  }
  return products
}

export function get(app: App, sku: string): Promise<Answer> {
  return app.get(`/products/${sku}`)
}

/** The product as it is now. */
export async function current(app: App, sku: string): Promise<Product & { version: number }> {
  const answer = await get(app, sku)
  expect(answer, `the product ${sku} is there`).toHaveStatus(200)
  return answer.json as Product & { version: number }
}

/** Everything that a product says about itself, exactly; further fields beside them are fine. */
export function product(fields: Partial<Product & { version: number }>): unknown {
  return expect.objectContaining(fields)
}

export function patch(app: App, sku: string, json: unknown): Promise<Answer> {
  return app.patch(`/products/${sku}`, { json })
}

export function query(path: string, parameters: Record<string, string | number>): string {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}

export interface Page {
  items: Product[]
  next: string | null
}

export async function page(app: App, parameters: Record<string, string | number>, why = 'a page'): Promise<Page> {
  const answer = await app.get(query('/products', parameters))
  expect(answer, why).toHaveStatus(200)
  const product = expect.objectContaining({ sku: expect.any(String) })
  expect(answer.json?.items, 'items is a list').toBeInstanceOf(Array)
  for (const item of answer.json.items) expect(item, 'each item is a product').toEqual(product)
  return { items: answer.json.items as Product[], next: (answer.json.next ?? null) as string | null }
}

/** Asks for products and compares which ones come, in whatever order. */
export async function expectFound(
  app: App,
  parameters: Record<string, string | number>,
  products: Product[],
  why: string,
): Promise<void> {
  const { items } = await page(app, parameters, why)
  expect(items.map(({ sku }) => sku).sort(), why).toEqual(products.map(({ sku }) => sku).sort())
}

export function expectRefused(answer: Answer, why: string): void {
  expect(answer, why).toAnswer(400, expect.objectContaining({ error: expect.any(String) }))
}

export function shuffledVariants(random: Random): Variant[] {
  const all = ['S', 'M', 'L'].flatMap((size) => ['red', 'blue', 'green'].map((color) => ({ size, color })))
  return random.sample(all, random.int(0, 5)).map((variant) => ({ ...variant, stock: random.int(0, 4) }))
}
