interface Prices {
  min: number
  max: number
  avg: number
}

interface Count {
  value: string
  count: number
}

export interface Facets {
  total: number
  price: Prices | null
  categories: (Count & Prices)[]
  brands: Count[]
  sizes: Count[]
}

const prices = { min: { $min: '$price' }, max: { $max: '$price' }, avg: { $avg: '$price' } }
const count = { $sum: 1 }
const inOrder = [{ $sort: { count: -1, _id: 1 } }, { $addFields: { value: '$_id' } }, { $project: { _id: 0 } }] as const

/** Everything is computed where the data is, in one pass over what the filter found. */
export const facetStages = {
  $facet: {
    all: [{ $group: { _id: null, total: count, ...prices } }],
    categories: [{ $group: { _id: '$category', count, ...prices } }, ...inOrder],
    brands: [{ $group: { _id: '$brand', count } }, ...inOrder],
    sizes: [
      { $unwind: '$variants' },
      // A product with several variants of a size counts once.
      { $group: { _id: { sku: '$sku', size: '$variants.size' } } },
      { $group: { _id: '$_id.size', count } },
      ...inOrder,
    ],
  },
}

export function readFacets(result: unknown): Facets {
  const { all, ...lists } = result as Omit<Facets, 'total' | 'price'> & { all: ({ total: number } & Prices)[] }
  const [whole] = all
  if (whole === undefined) return { total: 0, price: null, ...lists }
  const { total, min, max, avg } = whole
  return { total, price: { min, max, avg }, ...lists }
}
