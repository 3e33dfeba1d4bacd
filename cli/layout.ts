import type wrapAnsiDefault from 'wrap-ansi'

type WrapAnsi = typeof wrapAnsiDefault

/** How texts are measured and broken into lines. */
export interface Layout {
  /** Columns that a text takes on a terminal; colours take none. */
  widthOf(text: string): number
  /** Breaks at spaces where possible; longer words are cut. */
  wrap(text: string, width: number): string
}

// Latin letters and the signs that our own output uses, each one column wide.
const plain = /^[\u0020-\u007e\u00a0-\u024f·…✔✖○\n]*$/
const escape = '\u001b'
const colours = new RegExp(`${escape}\\[\\d+m`, 'g')

/**
 * A layout for these texts. The full rules (East Asian widths, emoji, combining marks) take 25 ms to load, a tenth of a
 * whole `verify`, so they are loaded only when a text needs them.
 * @param room the fewest columns into which one of the texts will be broken
 */
export async function layoutFor(texts: string[], room: number): Promise<Layout> {
  const simple = texts.every((text) => plain.test(text) && text.split('\n').every((line) => line.length <= room))
  if (simple) return { widthOf: (text) => text.replace(colours, '').length, wrap: (text) => text }
  const [{ default: widthOf }, { default: wrapAnsi }] = await Promise.all([import('string-width'), import('wrap-ansi')])
  return {
    widthOf,
    wrap: (text, width) =>
      text
        .split('\n')
        .map((line) => wrapLine(wrapAnsi, line, width))
        .join('\n'),
  }
}

/** Keeps a line's own indentation; the space at which it was broken goes. */
function wrapLine(wrapAnsi: WrapAnsi, line: string, width: number): string {
  const [first = '', ...rest] = wrapAnsi(line, width, { hard: true, trim: false }).split('\n')
  return [first, ...rest.map((part) => part.trimStart())].map((part) => part.trimEnd()).join('\n')
}
