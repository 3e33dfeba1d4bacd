import { expect, test } from 'vitest'
import { markDifference } from './mark-difference.ts'

const mark = (expected: string, got: string, room = 80) =>
  markDifference({ expected, got, room, widthOf: (text) => text.length })

test('what differs is marked below what came', () => {
  expect(mark('200 {"a":1}', '200 {"a":2}')).toBe('         ~')
  expect(mark('200 {"a":"Zoë"}', '200 {"a":"Zo%C3%AB"}')).toBe('            ~~~~~~')
})

test('something that is missing is marked where it should stand', () => {
  expect(mark('{"name":"Ada","age":36}', '{"name":"Ada"}')).toBe(`${' '.repeat(13)}~`)
})

test('texts that have little in common, lines that wrap, and several lines are not marked', () => {
  expect(mark('200 {"a":1}', 'connection refused')).toBeUndefined()
  expect(mark('200 {"a":1}', '200 {"a":2}', 8)).toBeUndefined()
  expect(mark('a\nb', 'a\nc')).toBeUndefined()
  expect(mark('same', 'same')).toBeUndefined()
})
