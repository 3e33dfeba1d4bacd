import { checkPrimeSync } from 'node:crypto'
import type { Random } from 'learn-backend/kit'

export interface Puzzle {
  base: bigint
  modulus: bigint
  /** The path that asks for its solution. */
  path(squarings: number): string
  result(squarings: number): string
}

/** So many squarings take minutes in any language. */
export const ENDLESS = 1_000_000_000

/**
 * A puzzle whose author knows the factors p and q, and with them the short way: modulo (p-1)(q-1) the exponent
 * 2^squarings is a small number (Rivest, Shamir and Wagner, "Time-lock puzzles and timed-release crypto", 1996).
 */
export function makePuzzle(random: Random): Puzzle {
  const [p, q] = [primeOf(random), primeOf(random)]
  const modulus = p * q
  const base = numberOf(random, 480) // less than 2^512, and without a common factor but by a miracle
  return {
    base,
    modulus,
    path: (squarings) => `/solve?base=${base}&modulus=${modulus}&squarings=${squarings}`,
    result: (squarings) => String(power(base, power(2n, BigInt(squarings), (p - 1n) * (q - 1n)), modulus)),
  }
}

function primeOf(random: Random): bigint {
  let candidate = numberOf(random, 256) | 1n
  while (!checkPrimeSync(candidate)) candidate += 2n
  return candidate
}

/** The highest bit is set. */
function numberOf(random: Random, bits: number): bigint {
  return BigInt(`0x${random.hex(bits / 4)}`) | (1n << BigInt(bits - 1))
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}
