import { stripVTControlCharacters } from 'node:util'
import type { Grades } from '../../../grader/index.ts'

/** Characters of one text that are shown, and lines of one list. */
const longestText = 4000
const firstLines = 20
const lastLines = 40

// Control characters; what turns the direction of writing; half characters; what XML 1.0 and HTML forbid.
const unwanted =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}|\p{Noncharacter_Code_Point}/gu
const bracketCommand = /##(?=\w*\[)/g

/**
 * What a solution, a learner or a folder's name said, so that every format can show it: no control characters but line
 * breaks and tabs, nothing that turns the text around, nothing that XML forbids, and of a readable length. It may still
 * hold markup: that is for each format to escape.
 */
export function plainText(text: string, limit = longestText): string {
  const end = /[\ud800-\udbff]/.test(text.charAt(limit - 1)) ? limit - 1 : limit
  const rest = text.length > limit ? `… (${text.length - end} more characters)` : ''
  const shown = stripVTControlCharacters(text.slice(0, end)).replace(/\r\n?|[\u2028\u2029]/g, '\n')
  return shown.replace(unwanted, '\ufffd').replace(bracketCommand, '## ') + rest
}

/** {@link plainText} for a heading, a name or a cell. */
export function plainLine(text: string, limit = 200): string {
  return plainText(text, limit).replace(/\s+/g, ' ').trim()
}

/** The same grades with every text {@link plainText}, and long lists of lines cut in their middle. */
export function plainGrades(grades: Grades): Grades {
  return plainValue(grades) as Grades
}

function plainValue(value: unknown): unknown {
  if (typeof value === 'string') return plainText(value)
  if (Array.isArray(value)) return shortened(value).map(plainValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plainValue(part)]))
}

function shortened(list: unknown[]): unknown[] {
  const leftOut = list.length - firstLines - lastLines
  if (leftOut <= 1 || typeof list[0] !== 'string') return list
  return [...list.slice(0, firstLines), `… (${leftOut} more lines)`, ...list.slice(-lastLines)]
}

/**
 * The last step for every text that may be printed in a pipeline, after all wrapping: no line can be a command to the
 * runner. GitHub's looks for `::` behind a line's leading white space, and like Azure's and TeamCity's for `##[` or
 * `##name[` anywhere.
 */
export function withoutCommands(text: string): string {
  return text.replace(bracketCommand, '## ').replace(/^([^\S\n]*):(?=:)/gm, '$1: ')
}

/** JSON in which nothing is lost and nothing is dangerous to print: what {@link plainText} drops is escaped. */
export function plainJson(value: unknown): string {
  const escaped = (characters: string) =>
    [...Array(characters.length).keys()]
      .map((index) => `\\u${characters.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join('')
  const dangerous = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]|\p{Noncharacter_Code_Point}/gu
  const text = JSON.stringify(value, null, 2).replace(dangerous, escaped)
  return `${text.replace(bracketCommand, '#\\u0023')}\n`
}
