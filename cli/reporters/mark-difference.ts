import stringWidth from 'string-width'

/**
 * A line of `~` that stands under the part of `got` that is not as in `expected`; undefined when that would not help:
 * a text of several lines, one too wide for the terminal, or two that have hardly anything in common.
 */
export function markDifference(expected: string, got: string, width: number): string | undefined {
  if (/\n/.test(expected + got) || stringWidth(got) > width || expected === got) return undefined
  const [left, right] = [[...expected], [...got]]
  let start = 0
  while (start < left.length && start < right.length && left[start] === right[start]) start++
  let end = 0
  const most = Math.min(left.length, right.length) - start
  while (end < most && left.at(-1 - end) === right.at(-1 - end)) end++
  if (start + end < Math.min(left.length, right.length) / 3) return undefined
  const different = right.slice(start, right.length - end).join('')
  return ' '.repeat(stringWidth(right.slice(0, start).join(''))) + '~'.repeat(Math.max(1, stringWidth(different)))
}
