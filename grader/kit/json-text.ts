/** A JSON value, or an expectation of one, in one line. Asymmetric matchers are shown as `<any string>` and the like. */
export function jsonText(value: unknown): string {
  if (isAsymmetric(value)) return asymmetricText(value)
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'undefined'
}

/** The actual value with its members in the order of the expected one, so that the two lines can be compared by eye. */
export function inOrderOf(expected: unknown, actual: unknown): unknown {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return actual.map((element, index) => inOrderOf(expected[index], element))
  }
  if (!isPlain(expected) || !isPlain(actual)) return actual
  const names = [
    ...Object.keys(expected).filter((name) => name in actual),
    ...Object.keys(actual).filter((name) => !(name in expected)),
  ]
  return Object.fromEntries(names.map((name) => [name, inOrderOf(expected[name], actual[name])]))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isAsymmetric(value)
}

/** Vitest's asymmetric matchers in a learner's words; one of an author's own by its own text. */
function asymmetricText(matcher: Asymmetric): string {
  const { sample } = matcher
  const not = matcher.inverse ? 'not ' : ''
  const name = matcher.toString().replace('Not', '')
  if (name === 'ObjectContaining') return `${not}${jsonText(sample).replace(/}$/, ', …}').replace('{, ', '{')}`
  if (name === 'ArrayContaining') return `${not}${jsonText(sample).replace(/]$/, ', …]').replace('[, ', '[')}`
  if (name === 'StringMatching') return `<text ${not}like ${String(sample)}>`
  if (name === 'StringContaining') return `<text ${not}with ${JSON.stringify(sample)}>`
  if (name === 'Anything') return '<anything>'
  if (name === 'Any') return `<any ${typeof sample === 'function' ? sample.name.toLowerCase() : 'value'}>`
  return `<${matcher.toAsymmetricMatcher?.() ?? name}>`
}

interface Asymmetric {
  asymmetricMatch: unknown
  sample?: unknown
  inverse?: boolean
  toAsymmetricMatcher?: () => string
  toString(): string
}

function isAsymmetric(value: unknown): value is Asymmetric {
  return typeof value === 'object' && value !== null && 'asymmetricMatch' in value
}
