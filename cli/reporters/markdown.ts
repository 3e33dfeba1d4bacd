import { hanging } from '../hanging.ts'
import { type Layout, layoutFor } from '../layout.ts'
import type { Terminal } from '../terminal.ts'

/** The widest text that is still pleasant to read. */
const widest = 100

/** A block of Markdown: lines that are shown as they are, or text that is broken anew. */
interface Block {
  kind: 'text' | 'heading' | 'code' | 'blank' | 'table'
  text: string
}

/**
 * Markdown for a person at a terminal: the text stays what it is, with headings and code set apart and paragraphs as
 * wide as the terminal. Elsewhere it is given back unchanged.
 */
export async function renderMarkdown(markdown: string, terminal: Terminal): Promise<string> {
  if (!terminal.interactive) return markdown
  const width = Math.min(terminal.width, widest)
  const blocks = splitBlocks(markdown)
  const layout = await layoutFor(
    blocks.map(({ text }) => text),
    width,
  )
  return `${blocks.map((block) => renderBlock(block, terminal, layout, width)).join('\n')}\n`
}

function splitBlocks(markdown: string): Block[] {
  const blocks: Block[] = []
  let fenced = false
  for (const line of markdown.trimEnd().split('\n')) {
    const last = blocks.at(-1)
    if (/^\s*(```|~~~)/.test(line)) {
      fenced = !fenced
      continue
    }
    if (fenced) blocks.push({ kind: 'code', text: line })
    else if (line.trim() === '') blocks.push({ kind: 'blank', text: '' })
    else if (/^#{1,6} /.test(line)) blocks.push({ kind: 'heading', text: line })
    else if (/^\s*\|/.test(line)) blocks.push({ kind: 'table', text: line })
    else if (last?.kind === 'text' && !/^\s*([-*+]|\d+\.) /.test(line)) last.text += ` ${line.trim()}`
    else blocks.push({ kind: 'text', text: line })
  }
  return blocks
}

function renderBlock({ kind, text }: Block, terminal: Terminal, layout: Layout, width: number): string {
  if (kind === 'heading') return terminal.bold(text)
  if (kind === 'code') return `    ${terminal.cyan(text)}`
  if (kind === 'blank') return ''
  const inline = (line: string) =>
    line
      .replace(/\[([^\]]+)\]\((https?:[^)]+)\)/g, '$1 ($2)')
      .replace(/`([^`]+)`/g, (_, code: string) => terminal.cyan(code))
      .replace(/\*\*([^*]+)\*\*/g, (_, strong: string) => terminal.bold(strong))
  if (kind === 'table') return inline(text)
  const [bullet = ''] = /^\s*(?:(?:[-*+]|\d+\.) )?/.exec(text) ?? []
  return bullet + hanging(inline(text.slice(bullet.length)), { width, indent: bullet.length, layout })
}
