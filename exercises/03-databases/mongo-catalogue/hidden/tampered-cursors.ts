type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/**
 * What an attacker makes of a cursor that can be read: texts and numbers replaced by query operators and other types.
 * Of a cursor that can't be read, nothing.
 */
export function tampered(cursor: string): { cursor: string; what: string }[] {
  return encodings.flatMap(({ decode, encode }) => {
    const content = parsed(decode(cursor))
    if (content === undefined || encode(decode(cursor)) !== cursor) return []
    return variations(content).map((value) => {
      const text = JSON.stringify(value)
      return { cursor: encode(text), what: text }
    })
  })
}

const encodings = [
  ...(['base64url', 'base64', 'hex'] as const).map((name) => ({
    decode: (text: string) => Buffer.from(text, name).toString(),
    encode: (text: string) => Buffer.from(text).toString(name),
  })),
  { decode: (text: string) => text, encode: (text: string) => text },
]

/** A document or a list: a bare number or text has no place for an operator. */
function parsed(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** The same with one leaf replaced by something of another type, each in turn. */
function variations(value: Json): Json[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => variations(item).map((other) => value.with(i, other)))
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) =>
      variations(inner).map((other) => ({ ...value, [name]: other })),
    )
  }
  return [{ $gt: '' }, { $exists: true }, ['x']]
}
