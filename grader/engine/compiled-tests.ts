import {
  builtInCourse,
  builtStore,
  buildSalt,
  type CourseStore,
  pruneStore,
  storedTests,
  storeSalt,
  storeTests,
} from '../exercise/course-store.ts'
import type { Exercise } from '../exercise/exercise.ts'
import { hiddenFingerprint } from '../exercise/fingerprint.ts'
import type { RunScope } from '../solution/run-scope.ts'
import { UserError } from '../user-error.ts'

/**
 * The compiled hidden tests of an exercise: from the build, from the cache, or made now.
 * @throws UserError `invalid_exercise` when they do not compile
 */
export async function compiledTests(
  exercise: Exercise,
  scope: RunScope,
  cache: CourseStore | undefined,
): Promise<string[]> {
  const { folder, id } = exercise
  const built = folder.startsWith(builtInCourse)
    ? storedTests(builtStore, hiddenFingerprint(folder, buildSalt))
    : undefined
  if (built) return built
  const fingerprint = hiddenFingerprint(folder, storeSalt)
  const stored = cache && storedTests(cache, fingerprint)
  if (stored) return stored
  const { compileHiddenTests } = await import('./compile-hidden-tests.ts')
  try {
    if (cache) {
      await pruneStore(cache, 30)
      return await storeTests(cache, fingerprint, (output) => compileHiddenTests(folder, output))
    }
    return await compileHiddenTests(folder, await scope.folder('hidden'))
  } catch (error) {
    throw new UserError(
      'invalid_exercise',
      `The hidden tests of ${id} can't be compiled:\n${(error as Error).message}`,
      { cause: error },
    )
  }
}
