import { UserError } from '../user-error.ts'

/** What a pipeline grades with. */
export interface CiOptions {
  /** The exact version of learn-backend to install. */
  version: string
  /** A course in the base repository, relative to its root; absent: the built-in one. */
  course?: string
  /** Further words for `grade`, e.g. `['--fail-under', '80']`. */
  gradeOptions?: string[]
}

// A range or a tag would let a later release grade differently, or a stolen account grade at all.
const exactVersion = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/
// What a shell, YAML, Groovy and the expressions of GitHub all take as it is, without an escape.
const plainWord = /^[\w.,:=@/+-]+$/

/** Refuses what could not be written into a pipeline without changing its meaning. */
export function checkCiOptions({ version, course, gradeOptions = [] }: CiOptions): void {
  if (!exactVersion.test(version))
    throw new UserError('usage', `"${version}" is no exact version of learn-backend.`, {
      remedy: 'Give one like 1.2.3: with a range, the same solution could get other points tomorrow.',
    })
  if (course !== undefined && (!plainWord.test(course) || /^[/-]|(^|\/)\.\.(\/|$)/.test(course)))
    throw new UserError('usage', `The course "${course}" can't be named in a pipeline.`, {
      remedy:
        'Give a folder of this repository, relative to its root, of letters, digits, "-", "_" and ".": --course course',
    })
  for (const word of gradeOptions)
    if (!plainWord.test(word))
      throw new UserError('usage', `"${word}" can't be written into a pipeline as it is.`, {
        remedy: 'Use letters, digits and . , : = @ / + - only.',
      })
}
