/** The type without its parameters, in lower case: `Application/JSON; charset=utf-8` is `application/json`. */
export function mediaType(field: string | undefined): string {
  return (field ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

/** Whether an Accept field allows application/json: the most specific range decides (RFC 9110, 12.5.1). */
export function acceptsJson(field: string | undefined): boolean {
  if (field === undefined) return true
  const weights = new Map<string, number>()
  for (const range of field.split(',')) {
    const weight = /;\s*q=([\d.]+)/i.exec(range)?.[1] ?? '1'
    weights.set(mediaType(range), Number(weight))
  }
  const ranges = ['application/json', 'application/*', '*/*']
  const mostSpecific = ranges.find((range) => weights.has(range))
  return mostSpecific !== undefined && weights.get(mostSpecific) !== 0
}

/** Whether If-None-Match has this tag: weak comparison, `W/"a"` equals `"a"` (RFC 9110, 8.8.3.2). */
export function matchesWeakly(field: string, etag: string): boolean {
  return field.trim() === '*' || tagsIn(field).some((tag) => tag.replace('W/', '') === etag)
}

/** Whether If-Match has this tag: strong comparison, a weak tag equals nothing. */
export function matchesStrongly(field: string, etag: string): boolean {
  return field.trim() === '*' || tagsIn(field).includes(etag)
}

function tagsIn(field: string): string[] {
  return field.match(/(?:W\/)?"[^"]*"/g) ?? []
}
