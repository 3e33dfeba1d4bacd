import { compileHiddenTests } from '../engine/compile-hidden-tests.ts'
import { builtInCourse, builtStore, buildSalt, storeCourse, storeTests } from './course-store.ts'
import { hiddenFingerprint } from './fingerprint.ts'
import { loadCourse } from './load-course.ts'
import type { Problem } from './read-yaml.ts'

export interface BuiltCourse {
  exercises: number
  problems: Problem[]
}

/** Puts the built-in course into the build: checked, and its hidden tests compiled. Returns what is wrong with it. */
export async function buildCourse(): Promise<BuiltCourse> {
  const course = await loadCourse(builtInCourse)
  const problems = [...course.problems]
  for (const { folder } of course.exercises) {
    try {
      await storeTests(builtStore, hiddenFingerprint(folder, buildSalt), (output) => compileHiddenTests(folder, output))
    } catch (error) {
      problems.push({ file: `${folder}/hidden`, message: (error as Error).message })
    }
  }
  // A course with mistakes is read from its files each time: then its mistakes are found.
  if (problems.length === 0) await storeCourse(builtStore, 'built-in', course)
  return { exercises: course.exercises.length, problems }
}
