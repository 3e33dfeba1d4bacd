/** Characters that are not seen, or that change what is seen around them: controls, bidirectional marks, separators. */
const invisible = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]/

/**
 * A file's name as it can be printed anywhere: what is not seen, and a byte that is not UTF-8, is written as an escape,
 * so that two different names never look the same. Long names lose their middle.
 */
export function shownName(name: string | Uint8Array): string {
  const text = typeof name === 'string' ? name : (decodedName(name) ?? Buffer.from(name).toString('latin1'))
  const isText = typeof name === 'string' || decodedName(name) !== undefined
  let shown = ''
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (character === '\\') shown += '\\\\'
    else if (character === '\n') shown += '\\n'
    else if (!isText && code > 0x7e) shown += `\\x${code.toString(16)}`
    else if (invisible.test(character) || (code >= 0xd800 && code <= 0xdfff)) shown += `\\u{${code.toString(16)}}`
    else shown += character
  }
  return shown.length > 200 ? `${shown.slice(0, 120)}…${shown.slice(-60)}` : shown
}

/** The name as text; undefined when it is not valid UTF-8. */
export function decodedName(name: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name)
  } catch {
    return undefined
  }
}

/** Whether a name can be typed, shown and read in a log: no control characters, and nothing that turns text around. */
export function isPlainName(name: string): boolean {
  return !invisible.test(name)
}
