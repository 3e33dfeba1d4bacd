import type { Layout } from './layout.ts'

// A colour may begin between the break and the spaces.
const spacesAtBreak = new RegExp(` *\\n((?:${String.fromCharCode(27)}\\[\\d+m)*) *`, 'g')

/** A text broken into lines of `width` columns, all but the first behind `indent` spaces. */
export function hanging(
  text: string,
  { width, indent, layout }: { width: number; indent: number; layout: Layout },
): string {
  const room = Math.max(20, width - indent)
  const paragraphs = text.split('\n').map((line) => layout.wrap(line, room).replace(spacesAtBreak, '\n$1').trimEnd())
  return paragraphs.join('\n').replaceAll('\n', `\n${' '.repeat(indent)}`)
}
