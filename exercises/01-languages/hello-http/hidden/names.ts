import type { Random } from 'learn-backend/kit'

const names = ['Łukasz', 'Đặng', 'नीलम', '王小明', 'أمل', 'Ольга', 'Γιώργος', 'さくら', 'ᐊᓂᖅ', '👩‍🚀', '𐍈𐌰𐌹𐍂𐌷𐍄']

export function nameOfThisWorld(random: Random): string {
  return random.pick(names)
}

/** About `length` UTF-16 units, most of them outside of ASCII, never half a surrogate pair. */
export function longName(random: Random, length: number): string {
  let name = ''
  while (name.length < length - 12) name += nameOfThisWorld(random) + random.int(0, 9)
  return name
}

/** Percent-encodes every byte of UTF-8, letters of ASCII as well. */
export function encodeEveryByte(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}
