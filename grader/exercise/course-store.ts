import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ownPackage } from '../package-root.ts'
import type { Course } from './exercise.ts'

/**
 * Courses that were read and checked, and hidden tests that were compiled, found again by what they say. Parsing and
 * checking YAML takes longer than a whole test. The build fills one such store, a user's cache is another.
 */
export interface CourseStore {
  /** Absolute. */
  folder: string
}

const { root, version } = ownPackage()

/** The built-in course's folder. */
export const builtInCourse: string = join(root, 'exercises')

/** What the build has prepared. */
export const builtStore: CourseStore = { folder: join(root, 'dist/course') }

/** Changed whenever exercises get a new field: what was stored before lacks it. */
const form = 3

/** Part of every fingerprint: another version may compile otherwise. */
export const storeSalt: string = `learn-backend ${version} ${form} ${root}`

/** In the build the package has no place yet. */
export const buildSalt: string = `learn-backend ${version}`

export function storedCourse(store: CourseStore, fingerprint: string, folder: string): Course | undefined {
  const file = join(store.folder, `course-${fingerprint}.json`)
  if (!existsSync(file)) return undefined
  const course = JSON.parse(readFileSync(file, 'utf8')) as Course
  return {
    ...course,
    folder,
    exercises: course.exercises.map((exercise) => ({ ...exercise, folder: join(folder, exercise.folder) })),
  }
}

/**
 * The built-in course as it was built; undefined when one of its files is newer than the build, because then an author is
 * at work. (In an installed package all files have the same time.)
 */
export function builtCourse(): Course | undefined {
  const course = storedCourse(builtStore, 'built-in', builtInCourse)
  if (!course) return undefined
  const builtAt = statSync(join(builtStore.folder, 'course-built-in.json')).mtimeMs
  const sources = [
    join(builtInCourse, 'course.yaml'),
    ...course.exercises.flatMap(({ folder }) => [join(folder, 'exercise.yaml'), join(folder, 'starter')]),
  ]
  const isNewer = (file: string) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > builtAt
  return sources.some(isNewer) ? undefined : course
}

/** Keeps a course without mistakes. Folders are stored relative to the course's, so that it can be moved. */
export async function storeCourse(store: CourseStore, fingerprint: string, course: Course): Promise<void> {
  const exercises = course.exercises.map((exercise) => ({ ...exercise, folder: join(exercise.topic, exercise.id) }))
  const text = JSON.stringify({ ...course, folder: '', exercises })
  await intoPlace(join(store.folder, `course-${fingerprint}.json`), (temporary) => writeFile(temporary, text))
}

/** The compiled test files, in the order in which they run. */
export function storedTests(store: CourseStore, fingerprint: string): string[] | undefined {
  const folder = join(store.folder, `hidden-${fingerprint}`)
  if (!existsSync(folder)) return undefined
  return readdirSync(folder)
    .filter((file) => file.endsWith('.test.js'))
    .sort()
    .map((file) => join(folder, file))
}

/** Keeps what `compile` writes into the folder that it is given. */
export async function storeTests(
  store: CourseStore,
  fingerprint: string,
  compile: (output: string) => Promise<unknown>,
): Promise<string[]> {
  await intoPlace(join(store.folder, `hidden-${fingerprint}`), compile)
  return storedTests(store, fingerprint) ?? []
}

/** Whatever happens, others see all of it or nothing. */
async function intoPlace(target: string, write: (temporary: string) => Promise<unknown>): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  const temporary = join(dirname(target), `.new-${process.pid}-${performance.now()}`)
  try {
    await write(temporary)
    await rename(temporary, target)
  } catch (error) {
    // Another process was faster, and has put the same there.
    if (!existsSync(target)) throw error
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Removes what nobody has used for so many days. */
export async function pruneStore(store: CourseStore, days: number): Promise<void> {
  const oldest = Date.now() - days * 86_400_000
  for (const name of await readdir(store.folder).catch(() => [])) {
    const path = join(store.folder, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
    if (mtimeMs < oldest) await rm(path, { recursive: true, force: true })
  }
}
