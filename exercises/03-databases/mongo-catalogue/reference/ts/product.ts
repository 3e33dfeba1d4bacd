import { bad } from './refusal.ts'

export type AttributeValue = string | number | boolean

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
  attributes: Record<string, AttributeValue>
  variants: Variant[]
  version: number
}

/** A change by PATCH: attributes that are null are removed. */
export type Patch = Partial<Omit<Product, 'sku' | 'version' | 'attributes'>> & {
  attributes?: Record<string, AttributeValue | null>
}

export interface StockChange {
  size: string
  color: string
  change: number
}

type Fields = Record<string, unknown>

const attributeName = /^[a-z][a-z0-9_]{0,39}$/

export function isAttributeName(name: string): boolean {
  return attributeName.test(name)
}

// Each function builds what it returns from what it has checked: nothing else of a body reaches the database.

export function parseProduct(body: unknown): Product {
  const fields = object(body, 'the product')
  only(fields, ['sku', 'name', 'category', 'brand', 'price', 'attributes', 'variants'])
  return {
    sku: text(fields.sku, 'sku', /^[A-Za-z0-9-]{1,40}$/),
    name: text(fields.name, 'name'),
    category: category(fields.category),
    brand: text(fields.brand, 'brand'),
    price: price(fields.price),
    attributes: fields.attributes === undefined ? {} : attributes(fields.attributes, attributeValue),
    variants: fields.variants === undefined ? [] : variants(fields.variants),
    version: 1,
  }
}

export function parsePatch(body: unknown): { version: number; patch: Patch } {
  const { version, ...fields } = object(body, 'the change')
  only(fields, ['name', 'category', 'brand', 'price', 'attributes', 'variants'])
  if (Object.keys(fields).length === 0) throw bad('nothing is to be changed')
  const patch: Patch = {}
  if (fields.name !== undefined) patch.name = text(fields.name, 'name')
  if (fields.category !== undefined) patch.category = category(fields.category)
  if (fields.brand !== undefined) patch.brand = text(fields.brand, 'brand')
  if (fields.price !== undefined) patch.price = price(fields.price)
  if (fields.attributes !== undefined) {
    patch.attributes = attributes(fields.attributes, (value) => (value === null ? null : attributeValue(value)))
  }
  if (fields.variants !== undefined) patch.variants = variants(fields.variants)
  return { version: whole(version, 'version', 1, Number.MAX_SAFE_INTEGER), patch }
}

export function parseStockChange(body: unknown): StockChange {
  const fields = object(body, 'the change')
  only(fields, ['size', 'color', 'change'])
  const change = whole(fields.change, 'change', -1_000_000, 1_000_000)
  if (change === 0) throw bad('change must not be 0')
  return { size: text(fields.size, 'size', label), color: text(fields.color, 'color', label), change }
}

const label = /^.{1,40}$/su

function category(value: unknown): string {
  return text(value, 'category', /^[a-z0-9-]{1,40}$/)
}

function price(value: unknown): number {
  return whole(value, 'price', 0, 1_000_000_000)
}

function attributes<Value>(value: unknown, parse: (value: unknown) => Value): Record<string, Value> {
  const entries = Object.entries(object(value, 'attributes')).map(([name, one]) => {
    if (!isAttributeName(name)) throw bad(`${JSON.stringify(name)} can't be the name of an attribute`)
    return [name, parse(one)] as const
  })
  return Object.fromEntries(entries)
}

function attributeValue(value: unknown): AttributeValue {
  if (typeof value === 'string') return text(value, 'an attribute', /^.{0,200}$/su)
  if (typeof value !== 'number' && typeof value !== 'boolean') {
    throw bad('an attribute is a text, a number, true or false')
  }
  return value
}

function variants(value: unknown): Variant[] {
  if (!Array.isArray(value)) throw bad('variants must be a list')
  const list = value.map((one: unknown) => {
    const fields = object(one, 'a variant')
    only(fields, ['size', 'color', 'stock'])
    return {
      size: text(fields.size, 'size', label),
      color: text(fields.color, 'color', label),
      stock: whole(fields.stock, 'stock', 0, 1_000_000),
    }
  })
  const different = new Set(list.map(({ size, color }) => JSON.stringify([size, color])))
  if (different.size < list.length) throw bad('two variants have the same size and color')
  return list
}

function object(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(`${what} must be an object`)
  return value as Fields
}

function only(fields: Fields, names: string[]): void {
  const other = Object.keys(fields).find((name) => !names.includes(name))
  if (other !== undefined) throw bad(`there is no field ${JSON.stringify(other)}`)
}

function text(value: unknown, what: string, pattern = /^.{1,200}$/su): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw bad(`${what} must be a text like ${pattern.source}`)
  return value
}

function whole(value: unknown, what: string, min: number, max: number): number {
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw bad(`${what} must be a whole number from ${min} to ${max}`)
  }
  return value as number
}
