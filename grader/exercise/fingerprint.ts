import type { Hash } from 'node:crypto'
import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Identifies what a course says: its `course.yaml`, every `exercise.yaml`, and which starters there are. */
export function courseFingerprint(folder: string, salt: string): string {
  const hash = startHash(salt)
  add(hash, folder, 'course.yaml')
  for (const topic of foldersIn(folder)) {
    for (const exercise of foldersIn(join(folder, topic))) {
      add(hash, folder, join(topic, exercise, 'exercise.yaml'))
      hash.update(`\0${foldersIn(join(folder, topic, exercise, 'starter')).join(' ')}`)
    }
  }
  return digest(hash)
}

/** Identifies what an exercise's hidden tests say: every file in `hidden/`. */
export function hiddenFingerprint(exerciseFolder: string, salt: string): string {
  const hash = startHash(salt)
  const folder = join(exerciseFolder, 'hidden')
  for (const file of filesIn(folder)) add(hash, folder, file)
  return digest(hash)
}

/** The module is loaded here because that takes 4 ms, which commands that show the built-in course don't need. */
function startHash(salt: string): Hash {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(salt)
}

function add(hash: Hash, folder: string, file: string): void {
  let content: Buffer
  try {
    content = readFileSync(join(folder, file))
  } catch {
    return
  }
  hash.update(`\0${file}\0${content.length}\0`).update(content)
}

function digest(hash: Hash): string {
  return hash.digest('hex').slice(0, 32)
}

function foldersIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

function filesIn(folder: string, prefix = ''): string[] {
  return entriesOf(folder).flatMap((entry) =>
    entry.isDirectory() ? filesIn(join(folder, entry.name), join(prefix, entry.name)) : [join(prefix, entry.name)],
  )
}

/** In order of name; nothing where there is no folder. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch {
    return []
  }
}
