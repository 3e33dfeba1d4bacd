import type { Answer } from './answer.ts'

/** The longest piece of a body that is shown. */
const shown = 600

/** The port that replay commands use: the one on which `learn-backend run` starts a solution. */
export const replayPort = 4000

/** An answer in one line: its status and what matters of its body. */
export function describeAnswer(answer: Answer): string {
  if (answer.body.length === 0) return `${answer.status} without a body`
  return `${answer.status} ${describeText(answer.body)}`
}

/** A body as one would write it down; binary data as its length and beginning. Reads no more than it shows. */
export function describeText(body: Uint8Array): string {
  const text = textOf(body.subarray(0, shown * 4))
  if (text === undefined) {
    return `${body.length} bytes: ${Buffer.from(body.subarray(0, 32)).toString('hex')}${body.length > 32 ? '…' : ''}`
  }
  return text.length > shown || body.length > shown * 4 ? `${text.slice(0, shown)}… (${body.length} bytes)` : text
}

/** Bytes as text, if they are UTF-8 without NUL; a character may be cut at the end. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true })
    return text.includes('\u0000') ? undefined : text
  } catch {
    return undefined
  }
}

/** What goes out with a request, for the reader: content type and body. */
export function describeBody(
  headers: Record<string, string | string[]>,
  body: string | Uint8Array | undefined,
): string | undefined {
  const extra = Object.entries(headers)
    .filter(([name]) => name !== 'content-length' && !(name === 'content-type' && headers[name] === 'application/json'))
    .map(([name, value]) => `${name}: ${cut(String(value))}`)
  const text = body === undefined ? [] : [describeText(typeof body === 'string' ? Buffer.from(body) : body)]
  const lines = [...extra, ...text]
  return lines.length > 0 ? lines.join('\n') : undefined
}

export interface CurlRequest {
  method: string
  path: string
  headers: Record<string, string | string[]>
  body: string | Uint8Array | undefined
}

/** A command that repeats a request against a solution on the replay port; undefined when its body can't be typed. */
export function curl({ method, path, headers, body }: CurlRequest): string | undefined {
  const words = ['curl', '-i']
  if (method === 'HEAD') words[1] = '-I'
  else if (method !== 'GET' || body !== undefined) words.push('-X', method)
  words.push(quote(`http://127.0.0.1:${replayPort}${path}`))
  for (const [name, values] of Object.entries(headers)) {
    if (name === 'content-length') continue
    for (const value of [values].flat()) words.push('-H', quote(`${name}: ${value}`))
  }
  if (body !== undefined) {
    const text = body.length > shown ? undefined : textOf(Buffer.from(body))
    if (text === undefined) return undefined
    words.push('--data-binary', quote(text))
  }
  return words.join(' ')
}

/** A word for a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

function cut(text: string): string {
  return text.length > shown ? `${text.slice(0, shown)}… (${text.length} characters)` : text
}
