import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ownPackage } from '../package-root.ts'
import type { Course, Exercise } from './exercise.ts'

/** The built-in course as the build left it: checked, and its hidden tests compiled. */
interface BuiltCourse {
  /** Folders are relative to the course's folder. */
  course: Course
}

const { root } = ownPackage()

/** The built-in course's folder. */
export const builtInCourse: string = join(root, 'exercises')

/** Where the build puts the course, and what it compiles. */
export const builtCourseFile: string = join(root, 'dist/course/course.json')

/** The folder of an exercise's compiled hidden tests in the build. */
export function builtTests(id: string): string {
  return join(root, 'dist/course/hidden', id)
}

/**
 * The built-in course without parsing and checking YAML, which takes longer than a whole test. Undefined when the
 * sources are newer than the build: then an author is at work.
 */
export function readBuiltCourse(): Course | undefined {
  if (!existsSync(builtCourseFile)) return undefined
  const builtAt = statSync(builtCourseFile).mtimeMs
  if (changedSince(join(builtInCourse, 'course.yaml'), builtAt)) return undefined
  const { course } = JSON.parse(readFileSync(builtCourseFile, 'utf8')) as BuiltCourse
  const exercises = course.exercises.map((exercise) => ({ ...exercise, folder: join(builtInCourse, exercise.folder) }))
  if (exercises.some(({ folder }) => changedSince(join(folder, 'exercise.yaml'), builtAt))) return undefined
  return { ...course, folder: builtInCourse, exercises }
}

/** The compiled hidden tests of a built-in exercise, unless their sources are newer or absent from the build. */
export function readBuiltTests(exercise: Exercise): string[] | undefined {
  const folder = builtTests(exercise.id)
  if (!exercise.folder.startsWith(builtInCourse) || !existsSync(folder)) return undefined
  const builtAt = statSync(builtCourseFile).mtimeMs
  const hidden = join(exercise.folder, 'hidden')
  const sources = readdirSync(hidden).filter((file) => file.endsWith('.ts'))
  if (sources.some((file) => changedSince(join(hidden, file), builtAt))) return undefined
  return readdirSync(folder)
    .filter((file) => file.endsWith('.test.js'))
    .sort()
    .map((file) => join(folder, file))
}

function changedSince(file: string, time: number): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY) > time
}
