import type { Decoder, Message } from './decoder.ts'

/** A value of RESP (Redis serialization protocol specification), versions 2 and 3. */
type Value = string | number | null | Value[]

/** Requests are arrays of strings, or lines of words; answers come in the same order. */
export function decodeResp(): Decoder {
  const requests = stream()
  const replies = stream()
  return {
    sent: (bytes) =>
      requests(bytes).map((value): Message => {
        const words = Array.isArray(value) ? value.map(show) : show(value).split(' ')
        const [name = '', ...args] = words
        return { name: name.toUpperCase(), args, text: [name.toUpperCase(), ...args.map(quote)].join(' ') }
      }),
    // Push messages (">") are not answers, but subscriptions are rare and harmless here.
    received: (bytes) => replies(bytes).map(show),
  }
}

/** Cuts a stream of bytes into values. */
function stream(): (bytes: Buffer) => Value[] {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    const values: Value[] = []
    for (;;) {
      const read = readValue(rest, 0)
      if (!read) return values
      values.push(read.value)
      rest = rest.subarray(read.end)
    }
  }
}

/** Values in values: more than any server sends. */
const deepest = 32

/** @throws Error for what is no RESP */
function readLength(line: string): number {
  if (!/^(?:-1|\d{1,9})$/.test(line)) throw new Error(`${line} is no length`)
  return Number(line)
}

function readValue(bytes: Buffer, start: number, depth = 0): { value: Value; end: number } | undefined {
  const eol = bytes.indexOf('\r\n', start)
  if (eol < 0) return undefined
  const type = String.fromCharCode(bytes[start] ?? 0)
  const line = bytes.toString('utf8', start + 1, eol)
  const end = eol + 2
  switch (type) {
    case '+':
    case ',':
    case '(':
      return { value: line, end }
    case '-':
      return { value: `error: ${line}`, end }
    case ':':
      return { value: Number(line), end }
    case '_':
      return { value: null, end }
    case '#':
      return { value: line === 't' ? 'true' : 'false', end }
    case '$':
    case '=':
    case '!': {
      const size = readLength(line)
      if (size < 0) return { value: null, end }
      if (bytes.length < end + size + 2) return undefined
      return { value: bytes.toString('utf8', end, end + size), end: end + size + 2 }
    }
    case '*':
    case '~':
    case '>':
    case '%': {
      if (depth === deepest) throw new Error('values are nested too deeply')
      const count = readLength(line) * (type === '%' ? 2 : 1)
      if (count < 0) return { value: null, end }
      const values: Value[] = []
      let at = end
      for (let index = 0; index < count; index++) {
        const read = readValue(bytes, at, depth + 1)
        if (!read) return undefined
        values.push(read.value)
        at = read.end
      }
      return { value: values, end: at }
    }
    default:
      // An inline command.
      return { value: bytes.toString('utf8', start, eol), end }
  }
}

function show(value: Value): string {
  if (value === null) return '(nil)'
  return Array.isArray(value) ? `[${value.map(show).join(', ')}]` : String(value)
}

function quote(word: string): string {
  return /^[^\s"']+$/.test(word) ? word : JSON.stringify(word)
}
