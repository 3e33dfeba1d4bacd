import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Course, Exercise } from '../exercise/exercise.ts'
import { UserError } from '../user-error.ts'
import { findSubmissions } from './find-submissions.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'learn-backend-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const course: Course = {
  id: 'small',
  title: 'A small course',
  folder: '/nowhere',
  topics: [{ id: '01-all', title: 'All', exercises: ['zebra', 'apple', 'broken'] }],
  exercises: ['zebra', 'apple'].map((id) => ({ id }) as Exercise),
  problems: [{ file: '/nowhere/01-all/broken/exercise.yaml', message: 'It is broken.' }],
}

/** Names that end with a slash are folders. */
function make(...names: string[]): void {
  for (const name of names) {
    mkdirSync(name.endsWith('/') ? join(folder, name) : dirname(join(folder, name)), { recursive: true })
    if (!name.endsWith('/')) writeFileSync(join(folder, name), 'version: 1\nlang: ts\n')
  }
}

const find = (exercises: string[] = [], as?: string) => findSubmissions({ folder, exercises, as, course })

function mistake(exercises: string[] = [], as?: string): string {
  try {
    find(exercises, as)
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    const { code, message, remedy } = error as UserError
    return `${code}: ${message}\n${remedy}`.replaceAll(folder, '<folder>')
  }
  throw new Error('nothing was thrown')
}

test('a workspace: the exercises that the course knows, in its order', () => {
  make('learn-backend.yaml', 'apple/main.js', 'zebra/', 'unknown/', '.learn-backend/', 'node_modules/')
  expect(find()).toEqual([
    { exercise: 'zebra', folder: join(folder, 'zebra'), relative: 'zebra' },
    { exercise: 'apple', folder: join(folder, 'apple'), relative: 'apple' },
  ])
  expect(find(['apple']).map(({ exercise }) => exercise)).toEqual(['apple'])
})

test('a class: by learner, and for each in the order of the course', () => {
  for (const learner of ['zoe', 'adam']) make(`${learner}/learn-backend.yaml`, `${learner}/apple/`, `${learner}/zebra/`)
  make('late/learn-backend.yaml', 'nobody/apple/', '.git/learn-backend.yaml', '.git/apple/', 'README.md')
  expect(find().map(({ relative, learner }) => [relative, learner])).toEqual([
    ['adam/zebra', 'adam'],
    ['adam/apple', 'adam'],
    ['zoe/zebra', 'zoe'],
    ['zoe/apple', 'zoe'],
  ])
  expect(find(['zebra']).map(({ folder: path }) => path)).toEqual([
    join(folder, 'adam/zebra'),
    join(folder, 'zoe/zebra'),
  ])
})

test('bare solutions: each subfolder is one of the exercise that is named', () => {
  make('zoe/main.js', 'adam/', '.git/', 'node_modules/', 'notes.txt')
  expect(find([], 'apple')).toEqual([
    { learner: 'adam', exercise: 'apple', folder: join(folder, 'adam'), relative: 'adam' },
    { learner: 'zoe', exercise: 'apple', folder: join(folder, 'zoe'), relative: 'zoe' },
  ])
})

test('what is a link instead of a folder counts as handed in, and is refused', () => {
  make('adam/learn-backend.yaml', 'adam/apple/', 'outside/')
  symlinkSync('../outside', join(folder, 'adam/zebra'))
  symlinkSync('adam', join(folder, 'eve'))
  expect(find().map(({ relative, exercise, refused }) => [relative, exercise, refused !== undefined])).toEqual([
    ['adam/zebra', 'zebra', true],
    ['adam/apple', 'apple', false],
    ['eve', 'zebra', true],
    ['eve', 'apple', true],
  ])
  expect(find([], 'apple').find(({ learner }) => learner === 'eve')?.refused).toMatch(/symbolic link/)
})

test('names of folders are shown without control characters, and cannot be mistaken for others', () => {
  for (const name of ['a\nb', '\u001b[31m', '\u202emada', 'a\\nb']) make(`${name}/`)
  mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff])]))
  expect(find([], 'apple').map(({ learner, refused }) => [learner, refused !== undefined])).toEqual([
    ['\\u{1b}[31m', true],
    ['\\u{202e}mada', true],
    ['a\\\\nb', false],
    ['a\\nb', true],
    ['f\\xff', true],
  ])
})

test('nothing in learn-backend.yaml matters but that it is a regular file', () => {
  make(
    'bomb/learn-backend.yaml',
    'bomb/apple/',
    'huge/learn-backend.yaml',
    'huge/apple/',
    'link/apple/',
    'folder/apple/',
  )
  const aliases = Array.from({ length: 30 }, (_, level) => `a${level + 1}: &a${level + 1} [*a${level}, *a${level}]`)
  writeFileSync(join(folder, 'bomb/learn-backend.yaml'), `a0: &a0 [x]\n${aliases.join('\n')}\ncourse: ../evil\n`)
  truncateSync(join(folder, 'huge/learn-backend.yaml'), 2 ** 40)
  symlinkSync('/dev/zero', join(folder, 'link/learn-backend.yaml'))
  make('folder/learn-backend.yaml/')
  expect(find().map(({ learner }) => learner)).toEqual(['bomb', 'huge'])
})

test('an exercise that is named but not there: says what is there', () => {
  make('learn-backend.yaml', 'apple/')
  expect(mistake(['zebra', 'apple'])).toBe(
    'usage: There is no solution of zebra in <folder>.\n' +
      'What is there: apple. To grade all of it, type: npx learn-backend grade <folder>',
  )
})

test('exercises that the course does not have, or that are broken, are told apart', () => {
  make('learn-backend.yaml', 'apple/')
  expect(mistake(['aple'])).toMatch(/^unknown_exercise: There is no exercise "aple". Did you mean "apple"\?/)
  expect(mistake([], 'aple')).toMatch(/^unknown_exercise/)
  expect(mistake(['broken'])).toMatch(/^invalid_exercise/)
  expect(mistake(['apple'], 'apple')).toMatch(/^usage: With --as/)
})

test.each([
  ['no such folder', () => rmSync(folder, { recursive: true }), 'does not exist'],
  ['an empty folder', () => {}, 'it has no learn-backend.yaml and no subfolders'],
  ['folders that are no workspaces', () => make('a/', 'b/apple/'), 'neither it nor one of its 2 subfolders has a'],
  ['a workspace without exercises', () => make('learn-backend.yaml', 'other/'), 'it is a workspace without a folder'],
  ['a class without exercises', () => make('a/learn-backend.yaml'), 'none of its 1 workspaces has a folder'],
  [
    'a link for learn-backend.yaml',
    () => {
      make('apple/', 'real.yaml')
      symlinkSync('real.yaml', join(folder, 'learn-backend.yaml'))
    },
    'its learn-backend.yaml is not a regular file',
  ],
] as [string, () => void, string][])('%s: nothing to grade, and what to type instead', (_, prepare, why) => {
  prepare()
  const said = mistake()
  mkdirSync(folder, { recursive: true })
  expect(said).toMatch(/^usage: /)
  expect(said).toContain(why)
  expect(said).toContain('npx learn-backend grade <folder of solutions> --as <exercise>')
})

test('--as with a single solution says to name the folder around it', () => {
  make('main.js')
  expect(mistake([], 'apple')).toMatch(/There is no subfolder in <folder>[^]*name the folder around it/)
})
