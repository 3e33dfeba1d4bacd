import { createHash } from 'node:crypto'

/** A source of random values that gives the same ones for the same seed. */
export interface Random {
  /** A whole number, both ends included. */
  int(min: number, max: number): number
  /** From 0 up to, not including, 1. */
  float(): number
  bool(probability?: number): boolean
  pick<T>(list: readonly T[]): T
  /** `count` different elements, in random order. */
  sample<T>(list: readonly T[], count: number): T[]
  shuffle<T>(list: readonly T[]): T[]
  hex(digits: number): string
  /** A pronounceable lower-case ASCII word. */
  word(): string
  words(count: number): string
  /** A first name, capitalised, ASCII. */
  name(): string
  /** A short text outside ASCII: accents, other scripts, emoji; well-formed and NFC. */
  unicode(): string
  bytes(length: number): Buffer
  uuid(): string
}

const names = [
  'Ada',
  'Grace',
  'Linus',
  'Barbara',
  'Edsger',
  'Radia',
  'Ken',
  'Margaret',
  'Tim',
  'Frances',
  'Donald',
  'Joan',
  'Alan',
  'Karen',
]
const pieces = [
  'Zoë',
  'naïve',
  'Łódź',
  'smørrebrød',
  '日本語',
  'Привет',
  'Ελλάδα',
  'שלום',
  'مرحبا',
  '😀',
  '👩‍🚀',
  '🇨🇭',
  'ß',
  'Ñandú',
  '한국어',
]

/** Makes a source from any text. The generator is sfc32 (Chris Doty-Humphrey, PractRand), seeded through SHA-256. */
export function createRandom(seed: string): Random {
  const digest = createHash('sha256').update(seed).digest()
  let [a, b, c, counter] = [digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12)]
  const next = () => {
    const result = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + result) | 0
    return (result >>> 0) / 2 ** 32
  }
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  const pick = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new RangeError('random.pick() needs a list with elements')
    return list[int(0, list.length - 1)] as T
  }
  const shuffle = <T>(list: readonly T[]): T[] => {
    const result = [...list]
    for (let last = result.length - 1; last > 0; last--) {
      const other = int(0, last)
      ;[result[last], result[other]] = [result[other] as T, result[last] as T]
    }
    return result
  }
  const hex = (digits: number) => Array.from({ length: digits }, () => int(0, 15).toString(16)).join('')
  const word = () => Array.from({ length: int(2, 4) }, () => pick([...'bdfgklmnprstvz']) + pick([...'aeiou'])).join('')
  return {
    int,
    pick,
    shuffle,
    hex,
    word,
    float: next,
    bool: (probability = 0.5) => next() < probability,
    sample: (list, count) => shuffle(list).slice(0, count),
    words: (count) => Array.from({ length: count }, word).join(' '),
    name: () => pick(names),
    unicode: () => `${pick(pieces)} ${pick(pieces)}`,
    bytes: (length) => Buffer.from(Array.from({ length }, () => int(0, 255))),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`,
  }
}
