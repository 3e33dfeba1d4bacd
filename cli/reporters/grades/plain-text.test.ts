import { expect, test } from 'vitest'
import { hostileGrades, hostileTexts, hugeGrades } from './hostile-grades.ts'
import { plainGrades, plainJson, plainLine, plainText, withoutCommands } from './plain-text.ts'

test('what is readable stays as it is, in every script', () => {
  const text = 'Zoë\t日本語 👩‍👩‍👧‍👦 \u05e9\u05dc\u05d5\u05dd\nsecond line'
  expect(plainText(text)).toBe(text)
})

test('escape sequences, control characters, turned directions and half characters go', () => {
  expect(plainText('\u001b[31mred\u001b[0m \u0000\u0085 \u202ex\u202c \ud800 \ufffe\r\nb\rc\u2028d')).toBe(
    'red \ufffd\ufffd \ufffdx\ufffd \ufffd \ufffd\nb\nc\nd',
  )
})

test('a long text is cut between characters, and says how much is missing', () => {
  expect(plainText('abcdef', 3)).toBe('abc… (3 more characters)')
  expect(plainText('ab😀cd', 3)).toBe('ab… (4 more characters)')
})

test('a line is one line', () => {
  expect(plainLine(' a\n\n b\t\u2028c ')).toBe('a b c')
})

test.each([
  ['::error::x', ': :error::x'],
  ['a\n \t\u00a0::error::x', 'a\n \t\u00a0: :error::x'],
  [':::x', ': ::x'],
  ['a ::error::x', 'a ::error::x'],
  ['x ##[error]y ###[z]', 'x ## [error]y ### [z]'],
  ['##vso[task.x]y', '## vso[task.x]y'],
  ['## heading', '## heading'],
])('no line of %j is a command', (text, expected) => {
  expect(withoutCommands(text)).toBe(expected)
})

test.each(hostileTexts)('JSON keeps all of %j', (text) => {
  expect(JSON.parse(plainJson({ [text]: [text] }))).toEqual({ [text]: [text] })
})

test('grades keep their shape and figures, and long lists are cut in their middle', () => {
  const { submissions } = plainGrades(hostileGrades)
  expect(submissions.map(({ report }) => report.points)).toEqual(
    hostileGrades.submissions.map(({ report }) => report.points),
  )
  const log = plainGrades(hugeGrades).submissions.at(-1)?.report.evidence?.log ?? []
  expect(log).toHaveLength(61)
  expect(log[20]).toBe('… (99940 more lines)')
})
