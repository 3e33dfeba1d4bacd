export interface Puzzle {
  base: bigint
  modulus: bigint
  squarings: number
}

const mostSquarings = 1_000_000_000

/** Undefined when the parameters do not make a puzzle. */
export function parsePuzzle(query: URLSearchParams): Puzzle | undefined {
  const [base, modulus, squarings] = ['base', 'modulus', 'squarings'].map((name) => digits(query.get(name)))
  if (base === undefined || modulus === undefined || squarings === undefined) return undefined
  if (modulus < 2n || squarings < 1n || squarings > mostSquarings) return undefined
  return { base, modulus, squarings: Number(squarings) }
}

// BigInt() alone would also take '', '0x10' and ' 7 '; and text of any length would make a puzzle of any size.
function digits(text: string | null): bigint | undefined {
  return text !== null && /^\d{1,200}$/.test(text) ? BigInt(text) : undefined
}

/** Nobody knows a shorter way, unless they know the factors of the modulus. */
export function solve({ base, modulus, squarings }: Puzzle): bigint {
  let x = base % modulus
  for (let i = 0; i < squarings; i++) x = (x * x) % modulus
  return x
}
