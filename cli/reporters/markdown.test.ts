import { expect, test } from 'vitest'
import { createTerminal } from '../terminal.ts'
import { renderMarkdown } from './markdown.ts'

const terminalOf = (columns: number | undefined, colour = false) =>
  createTerminal({ stdout: { isTTY: columns !== undefined, columns } as NodeJS.WriteStream, env: {} }, { colour })

const sample = `# Title

A paragraph that was broken
by its author, with \`code\` and **weight**, see [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110).

- one item that is rather long and goes on
  in a second line
- two

\`\`\`sh
$ a   line of code that is much longer than the terminal is wide and stays as it is
\`\`\`
`

test('in a pipe the text is given back as it is', async () => {
  expect(await renderMarkdown(sample, terminalOf(undefined))).toBe(sample)
})

test('on a terminal paragraphs and list items fill its width, and code keeps its lines', async () => {
  expect(await renderMarkdown(sample, terminalOf(44))).toBe(`# Title

A paragraph that was broken by its author,
with code and weight, see RFC 9110
(https://www.rfc-editor.org/rfc/rfc9110).

- one item that is rather long and goes on
  in a second line
- two

    $ a   line of code that is much longer than the terminal is wide and stays as it is
`)
})

test('headings, code and weight are set apart by colours', async () => {
  const text = await renderMarkdown('# Title\n\n`code` and **weight**\n', terminalOf(80, true))
  expect(text).toBe('\u001b[1m# Title\u001b[22m\n\n\u001b[36mcode\u001b[39m and \u001b[1mweight\u001b[22m\n')
})
