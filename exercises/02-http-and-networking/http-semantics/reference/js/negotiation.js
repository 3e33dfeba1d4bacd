/**
 * The type without its parameters, in lower case: `Application/JSON; charset=utf-8` is `application/json`.
 * @param {string | undefined} field
 */
export function mediaType(field) {
  return (field ?? '').split(';', 1)[0].trim().toLowerCase()
}

/**
 * Whether an Accept field allows application/json: the most specific range decides (RFC 9110, 12.5.1).
 * @param {string | undefined} field
 */
export function acceptsJson(field) {
  if (field === undefined) return true
  const weights = new Map()
  for (const range of field.split(',')) {
    const weight = /;\s*q=([\d.]+)/i.exec(range)?.[1] ?? '1'
    weights.set(mediaType(range), Number(weight))
  }
  const ranges = ['application/json', 'application/*', '*/*']
  const mostSpecific = ranges.find((range) => weights.has(range))
  return mostSpecific !== undefined && weights.get(mostSpecific) !== 0
}

/**
 * Whether If-None-Match has this tag: weak comparison, `W/"a"` equals `"a"` (RFC 9110, 8.8.3.2).
 * @param {string} field
 * @param {string} etag
 */
export function matchesWeakly(field, etag) {
  return field.trim() === '*' || tagsIn(field).some((tag) => tag.replace('W/', '') === etag)
}

/**
 * Whether If-Match has this tag: strong comparison, a weak tag equals nothing.
 * @param {string} field
 * @param {string} etag
 */
export function matchesStrongly(field, etag) {
  return field.trim() === '*' || tagsIn(field).includes(etag)
}

/**
 * @param {string} field
 * @returns {string[]}
 */
function tagsIn(field) {
  return field.match(/(?:W\/)?"[^"]*"/g) ?? []
}
