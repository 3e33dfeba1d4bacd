import { type Collection, type Filter, MongoClient, MongoServerError } from 'mongodb'
import { facetStages, type Facets, readFacets } from './facets.ts'
import { beyond, encode, type Page } from './page.ts'
import type { Patch, Product, StockChange } from './product.ts'
import { Refusal } from './refusal.ts'

const duplicateKey = 11000
const shown = { projection: { _id: 0 } } as const

/** The products in the database. */
export class Catalogue {
  readonly #client: MongoClient
  readonly #products: Collection<Product>
  #prepared: Promise<void> | undefined

  /** The driver has no limit for an operation as a whole, but one for each thing that it may wait for. */
  constructor(url: string, timeoutMs: number) {
    this.#client = new MongoClient(url, {
      serverSelectionTimeoutMS: timeoutMs,
      waitQueueTimeoutMS: timeoutMs,
      connectTimeoutMS: timeoutMs,
      socketTimeoutMS: timeoutMs,
    })
    this.#products = this.#client.db().collection('products')
  }

  /** Nothing is read or written before the indexes are there. If the database is not, the next request tries again. */
  async #collection(): Promise<Collection<Product>> {
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined
      throw error
    })
    await this.#prepared
    return this.#products
  }

  async #prepare(): Promise<void> {
    // A client whose first attempt to connect has failed does not try again by itself.
    await this.#client.connect()
    await this.#products.createIndexes([
      { key: { sku: 1 }, unique: true },
      { key: { price: 1, sku: 1 } },
      { key: { category: 1, sku: 1 } },
      { key: { category: 1, price: 1, sku: 1 } },
      { key: { 'variants.size': 1, 'variants.color': 1 } },
    ])
  }

  async add(product: Product): Promise<Product> {
    const products = await this.#collection()
    try {
      // The driver adds its _id to what it gets.
      await products.insertOne({ ...product })
    } catch (error) {
      if (error instanceof MongoServerError && error.code === duplicateKey) {
        throw new Refusal(409, `the sku ${product.sku} is taken`)
      }
      throw error
    }
    return product
  }

  async get(sku: string): Promise<Product> {
    const products = await this.#collection()
    return (await products.findOne({ sku }, shown)) ?? notFound(sku)
  }

  async remove(sku: string): Promise<void> {
    const products = await this.#collection()
    const { deletedCount } = await products.deleteOne({ sku })
    if (deletedCount === 0) notFound(sku)
  }

  async page(filter: Filter<Product>, page: Page): Promise<{ items: Product[]; next: string | null }> {
    const products = await this.#collection()
    // One more than wanted tells whether there is a next page.
    const found = await products
      .find({ $and: [filter, beyond(page)] }, shown)
      .sort(page.sort)
      .limit(page.limit + 1)
      .toArray()
    const items = found.slice(0, page.limit)
    const last = items.at(-1)
    return { items, next: last !== undefined && found.length > items.length ? encode(page.name, last) : null }
  }

  async facets(filter: Filter<Product>): Promise<Facets> {
    const products = await this.#collection()
    return readFacets(await products.aggregate([{ $match: filter }, facetStages]).next())
  }

  /** The version is part of the filter: to compare it and to write is one operation. */
  async patch(sku: string, version: number, { attributes = {}, ...fields }: Patch): Promise<Product> {
    const products = await this.#collection()
    const paths = Object.entries(attributes).map(([name, value]) => [`attributes.${name}`, value] as const)
    const set = { ...fields, ...Object.fromEntries(paths.filter(([, value]) => value !== null)) }
    const unset = Object.fromEntries(paths.filter(([, value]) => value === null).map(([path]) => [path, '' as const]))
    const update = { $set: set, $unset: unset, $inc: { version: 1 } }
    const changed = await products.findOneAndUpdate({ sku, version }, update, { ...shown, returnDocument: 'after' })
    if (changed) return changed
    const { version: current } = await this.get(sku)
    throw new Refusal(409, `the version is ${current}, not ${version}`)
  }

  /** The variant is found and judged by the same $elemMatch, and `$` stands for its position. */
  async changeStock(sku: string, { size, color, change }: StockChange): Promise<Product> {
    const products = await this.#collection()
    const enough = { $elemMatch: { size, color, stock: { $gte: -change } } }
    const update = { $inc: { 'variants.$.stock': change, version: 1 } }
    const changed = await products.findOneAndUpdate({ sku, variants: enough }, update, {
      ...shown,
      returnDocument: 'after',
    })
    if (changed) return changed
    const { variants } = await this.get(sku)
    if (variants.some((variant) => variant.size === size && variant.color === color)) {
      throw new Refusal(409, 'there is not so much left')
    }
    throw new Refusal(404, `${sku} has no such variant`)
  }
}

function notFound(sku: string): never {
  throw new Refusal(404, `there is no product ${sku}`)
}
