interface Difference {
  expected: string
  got: string
  /** Columns that there are. */
  room: number
  widthOf(text: string): number
}

/**
 * A line of `~` that stands under the part of `got` that is not as in `expected`; undefined when that would not help:
 * a text of several lines, one too wide for the terminal, or two that have hardly anything in common.
 */
export function markDifference({ expected, got, room, widthOf }: Difference): string | undefined {
  if (/\n/.test(expected + got) || widthOf(got) > room || expected === got) return undefined
  const [left, right] = [[...expected], [...got]]
  let start = 0
  while (start < left.length && start < right.length && left[start] === right[start]) start++
  let end = 0
  const most = Math.min(left.length, right.length) - start
  while (end < most && left.at(-1 - end) === right.at(-1 - end)) end++
  if (start + end < Math.max(left.length, right.length) / 2) return undefined
  const different = right.slice(start, right.length - end).join('')
  return ' '.repeat(widthOf(right.slice(0, start).join(''))) + '~'.repeat(Math.max(1, widthOf(different)))
}
