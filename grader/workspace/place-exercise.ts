import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, relative, sep } from 'node:path'
import { type Exercise, sharedFiles } from '../exercise/exercise.ts'
import { createFile } from './create-file.ts'

export interface PlacedExercise {
  /** Relative to the solution's folder. */
  created: string[]
  /** Files that were there with another content, and were left alone. */
  kept: string[]
}

interface Placement {
  exercise: Exercise
  /** One of the exercise's languages. */
  lang: string
  /** The solution's folder, absolute; need not exist. */
  folder: string
  /** What to add where it is missing; default: all of it. */
  missing?: 'all' | 'spec'
}

/**
 * Copies the spec and the starter to the learner. Never overwrites; what an interrupted attempt left out is added.
 * @throws UserError `not_writable`
 */
export function placeExercise({ exercise, lang, folder, missing = 'all' }: Placement): PlacedExercise {
  const placed: PlacedExercise = { created: [], kept: [] }
  const files = filesToPlace(exercise, lang)
  for (const { name, source } of missing === 'all' ? files : files.slice(0, 1)) {
    const mode = statSync(source).mode & 0o777
    const result = createFile({ path: join(folder, name), content: readFileSync(source), mode: mode | 0o200 })
    if (result === 'created') placed.created.push(name)
    if (result === 'different') placed.kept.push(name)
  }
  return placed
}

/** What belongs into a fresh solution's folder: names with `/`, and where each comes from. */
function filesToPlace(exercise: Exercise, lang: string): { name: string; source: string }[] {
  const starter = join(exercise.folder, 'starter', lang)
  return [
    { name: 'README.md', source: join(exercise.folder, 'README.md') },
    ...filesBelow(starter),
    ...sharedFiles(exercise, lang).map((source) => ({ name: basename(source), source })),
  ]
}

/** The starter's files that the learner is meant to change: the tests of a test suite, else the program. */
export function filesToEdit(exercise: Exercise, lang: string): string[] {
  const shared = sharedFiles(exercise, lang)
  const names = filesToPlace(exercise, lang).flatMap(({ name, source }) => (shared.includes(source) ? [] : [name]))
  const tests = names.filter((name) => /(\.test\.\w+|_test\.\w+|Tests?\.java)$|^test_\w+\.py$/.test(name))
  return tests.length > 0 ? tests : names.filter((name) => !/^README\.md$|\.(json|mod|txt|toml|xml)$/.test(name))
}

/** Every file below a folder, in a stable order, by its name relative to it. */
export function filesBelow(folder: string): { name: string; source: string }[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((source) => ({ name: relative(folder, source).split(sep).join('/'), source }))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}
