import { expect, test } from 'vitest'
import { createRandom } from './random.ts'

test('the same seed gives the same values, another seed others', () => {
  const values = (seed: string) => {
    const random = createRandom(seed)
    return [
      random.int(0, 1e9),
      random.word(),
      random.name(),
      random.unicode(),
      random.hex(16),
      random.uuid(),
      random.bytes(8).toString('hex'),
      random.shuffle([1, 2, 3, 4, 5, 6, 7, 8]),
    ]
  }
  expect(values('a')).toEqual(values('a'))
  expect(values('a')).not.toEqual(values('b'))
})

test('numbers cover their range, both ends included', () => {
  const random = createRandom('range')
  const seen = new Set(Array.from({ length: 500 }, () => random.int(3, 7)))
  expect([...seen].sort()).toEqual([3, 4, 5, 6, 7])
  const floats = Array.from({ length: 500 }, () => random.float())
  expect(Math.min(...floats)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...floats)).toBeLessThan(1)
})

test('a sample has different elements, a uuid its shape, Unicode is well-formed', () => {
  const random = createRandom('shapes')
  expect(new Set(random.sample([1, 2, 3, 4, 5], 3)).size).toBe(3)
  expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  for (let round = 0; round < 100; round++) {
    const text = random.unicode()
    expect(Buffer.from(text).toString('utf8')).toBe(text)
    expect(text.normalize('NFC')).toBe(text)
    expect(text).toMatch(/[^\u0000-\u007f]/u)
  }
})
