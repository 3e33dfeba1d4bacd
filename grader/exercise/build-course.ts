import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { compileHiddenTests } from '../engine/compile-hidden-tests.ts'
import { builtCourseFile, builtInCourse, builtTests } from './built-course.ts'
import { loadCourse } from './load-course.ts'
import type { Problem } from './read-yaml.ts'

/**
 * Puts the built-in course into the build: checked, as JSON, with its hidden tests compiled. Exercises with mistakes
 * are left out and their mistakes returned.
 */
export async function buildCourse(): Promise<{ exercises: number; problems: Problem[] }> {
  const course = await loadCourse(builtInCourse)
  const problems = [...course.problems]
  const built = []
  for (const exercise of course.exercises) {
    try {
      await compileHiddenTests(exercise.folder, builtTests(exercise.id))
      built.push({ ...exercise, folder: relative(builtInCourse, exercise.folder) })
    } catch (error) {
      problems.push({ file: `${exercise.folder}/hidden`, message: (error as Error).message })
    }
  }
  await mkdir(dirname(builtCourseFile), { recursive: true })
  // Written last: its time says when the build was complete.
  await writeFile(builtCourseFile, JSON.stringify({ course: { ...course, folder: '', exercises: built, problems: [] } }))
  return { exercises: built.length, problems }
}
