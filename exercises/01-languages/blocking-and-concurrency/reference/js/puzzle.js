/** @typedef {{ base: bigint, modulus: bigint, squarings: number }} Puzzle */

const mostSquarings = 1_000_000_000

/**
 * Undefined when the parameters do not make a puzzle.
 * @param {URLSearchParams} query
 * @returns {Puzzle | undefined}
 */
export function parsePuzzle(query) {
  const [base, modulus, squarings] = ['base', 'modulus', 'squarings'].map((name) => digits(query.get(name)))
  if (base === undefined || modulus === undefined || squarings === undefined) return undefined
  if (modulus < 2n || squarings < 1n || squarings > mostSquarings) return undefined
  return { base, modulus, squarings: Number(squarings) }
}

// BigInt() alone would also take '', '0x10' and ' 7 '; and text of any length would make a puzzle of any size.
function digits(text) {
  return text !== null && /^\d{1,200}$/.test(text) ? BigInt(text) : undefined
}

/**
 * Nobody knows a shorter way, unless they know the factors of the modulus.
 * @param {Puzzle} puzzle
 */
export function solve({ base, modulus, squarings }) {
  let x = base % modulus
  for (let i = 0; i < squarings; i++) x = (x * x) % modulus
  return x
}
