import type { Condition, Filter } from 'mongodb'
import { type AttributeValue, isAttributeName, type Product } from './product.ts'
import { bad } from './refusal.ts'

/** The parameters of a request, each at most once. */
export type Parameters = Map<string, string>

export function parseParameters(query: URLSearchParams): Parameters {
  const parameters: Parameters = new Map()
  for (const [name, value] of query) {
    if (parameters.has(name)) throw bad(`the parameter ${name} comes twice`)
    parameters.set(name, value)
  }
  return parameters
}

/**
 * The parameters as a filter. It takes those that it knows out of the map: whatever is left there is unknown.
 * Values are texts and numbers only, so that none of them can be an operator.
 */
export function takeFilter(parameters: Parameters): Filter<Product> {
  const filter: Filter<Product> = {}
  const category = take(parameters, 'category')
  const brand = take(parameters, 'brand')
  if (category !== undefined) filter.category = category
  if (brand !== undefined) filter.brand = brand

  const price = { ...bound('$gte', parameters, 'minPrice'), ...bound('$lte', parameters, 'maxPrice') }
  if (Object.keys(price).length > 0) filter.price = price

  for (const [name, value] of parameters) {
    if (!name.startsWith('attributes.')) continue
    if (!isAttributeName(name.slice('attributes.'.length))) throw bad(`${name} can't be an attribute`)
    parameters.delete(name)
    Object.assign(filter, { [name]: { $in: readings(value) } })
  }

  const variant = takeVariant(parameters)
  if (Object.keys(variant).length > 0) filter.variants = { $elemMatch: variant }
  return filter
}

function takeVariant(parameters: Parameters): Record<string, Condition<string | number>> {
  const [size, color, inStock] = ['size', 'color', 'inStock'].map((name) => take(parameters, name))
  if (inStock !== undefined && inStock !== 'true') throw bad('inStock can only be true')
  return {
    ...(size === undefined ? {} : { size }),
    ...(color === undefined ? {} : { color }),
    ...(inStock === undefined ? {} : { stock: { $gt: 0 } }),
  }
}

export function take(parameters: Parameters, name: string): string | undefined {
  const value = parameters.get(name)
  parameters.delete(name)
  return value
}

export function refuseOthers(parameters: Parameters): void {
  const [name] = parameters.keys()
  if (name !== undefined) throw bad(`there is no parameter ${name}`)
}

function bound(operator: '$gte' | '$lte', parameters: Parameters, name: string): Record<string, number> {
  const value = take(parameters, name)
  if (value === undefined) return {}
  if (!/^\d{1,15}$/.test(value)) throw bad(`${name} must be a whole number`)
  return { [operator]: Number(value) }
}

/** What a value in a query string may stand for. */
function readings(value: string): AttributeValue[] {
  if (value === 'true' || value === 'false') return [value, value === 'true']
  const isNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)
  return isNumber ? [value, Number(value)] : [value]
}
