import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { Course } from '../exercise/exercise.ts'
import { findExercise } from '../exercise/open-course.ts'
import { UserError } from '../user-error.ts'
import { workspaceFileName } from '../workspace/find-workspace.ts'
import { decodedName, isPlainName, shownName } from './shown-name.ts'

/** A solution that is to be graded; nothing in its folder has been looked at yet. */
export interface FoundSubmission {
  /** Whose it is, escaped for showing: the folder's name in a class; absent in a workspace of one. */
  learner?: string
  exercise: string
  /** Absolute. */
  folder: string
  /** Relative to what was searched, with `/`, escaped for showing. */
  relative: string
  /** Why it can't be graded, a sentence; it counts as handed in, with no points. */
  refused?: string
}

export interface FindRequest {
  /** Absolute. */
  folder: string
  /** Ids of exercises; empty: all that are there. */
  exercises: string[]
  /** Every direct subfolder is a solution of this exercise. */
  as?: string | undefined
  course: Course
}

/**
 * The solutions in a workspace, in a class of workspaces, or (`as`) in a folder of bare solutions; by learner, and in
 * the course's order. Only looks at what is there: no file of a learner is read, `learn-backend.yaml` included, whose
 * presence as a regular file makes a folder a workspace.
 * @throws UserError `usage` when there is nothing to grade, or not what was named; `unknown_exercise`
 */
export function findSubmissions({ folder, exercises, as, course }: FindRequest): FoundSubmission[] {
  assertFolder(folder)
  const wanted = exercises.length > 0 ? exercises : course.exercises.map(({ id }) => id)
  for (const id of as === undefined ? exercises : [as]) findExercise(course, id)
  if (as !== undefined) {
    if (exercises.length > 0) throw new UserError('usage', asAndNames, { remedy: `Leave out ${exercises.join(' ')}.` })
    const found = subfolders(folder).map((child) => ({ ...child, exercise: as }))
    if (found.length === 0) {
      throw new UserError('usage', `There is no subfolder in ${folder}; with --as, each is a solution of ${as}.`, {
        remedy: `To grade a single one, name the folder around it: npx learn-backend grade <folder> --as ${as}`,
      })
    }
    return found
  }
  const search = isWorkspace(folder) ? inWorkspace : inClass
  const found = search(folder, wanted)
  const missing = exercises.filter((id) => !found.some(({ exercise }) => exercise === id))
  const present = missing.length === 0 ? found : search(folder, all(course))
  if (present.length === 0) {
    throw new UserError('usage', `There is nothing to grade in ${folder}: ${whyNothing(folder)}`, {
      remedy: `${howToGrade}\nThe exercises of ${course.title}: ${all(course).join(', ')}.`,
    })
  }
  if (missing.length > 0) {
    const ids = all(course).filter((id) => present.some(({ exercise }) => exercise === id))
    throw new UserError('usage', `There is no solution of ${missing.join(', ')} in ${folder}.`, {
      remedy: `What is there: ${ids.join(', ')}. To grade all of it, type: npx learn-backend grade ${folder}`,
    })
  }
  return found
}

const asAndNames = 'With --as, every subfolder is a solution of that one exercise; no others can be named.'
const howToGrade = `A workspace:        npx learn-backend grade <folder with ${workspaceFileName}>
A class:            npx learn-backend grade <folder of such folders>
Bare solutions:     npx learn-backend grade <folder of solutions> --as <exercise>`

function all(course: Course): string[] {
  return course.exercises.map(({ id }) => id)
}

function inWorkspace(folder: string, wanted: string[]): FoundSubmission[] {
  return wanted.flatMap((exercise) => {
    const solution = join(folder, exercise)
    const entry = look(solution)
    if (entry?.isDirectory()) return [{ exercise, folder: solution, relative: exercise }]
    if (entry?.isSymbolicLink()) return [{ exercise, folder: solution, relative: exercise, refused: linked }]
    return []
  })
}

const linked = 'The folder is a symbolic link. Only what a learner handed in is graded, not what it points to.'

function inClass(folder: string, wanted: string[]): FoundSubmission[] {
  const children = subfolders(folder)
  const found = children
    .filter((child) => child.refused === undefined && isWorkspace(child.folder))
    .flatMap((child) =>
      inWorkspace(child.folder, wanted).map((submission) => ({
        ...submission,
        learner: child.learner,
        relative: `${child.relative}/${submission.relative}`,
      })),
    )
  // What somebody handed in who can't be looked at is unknown: what the others did is missing.
  const asked = wanted.filter((id) => found.some(({ exercise }) => exercise === id))
  const refused = children
    .filter((child) => child.refused !== undefined)
    .flatMap((child) => asked.map((exercise) => ({ ...child, exercise })))
  const order = new Map(wanted.map((id, index) => [id, index]))
  return [...found, ...refused].sort(
    (left, right) =>
      compare(left.learner, right.learner) || (order.get(left.exercise) ?? 0) - (order.get(right.exercise) ?? 0),
  )
}

type Child = Required<Pick<FoundSubmission, 'learner' | 'folder' | 'relative'>> & { refused?: string }

/** Direct subfolders and links, sorted; what begins with a dot is nobody's, and packages are not solutions. */
function subfolders(folder: string): Child[] {
  return readFolder(folder)
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => ({ entry, bytes: entry.name as unknown as Buffer }))
    .filter(({ bytes }) => bytes[0] !== 0x2e && !bytes.equals(Buffer.from('node_modules')))
    .map(({ entry, bytes }) => {
      const learner = shownName(bytes)
      const name = decodedName(bytes)
      const child = { learner, folder: join(folder, name ?? learner), relative: learner }
      if (name === undefined || !isPlainName(name)) return { ...child, refused: unprintable }
      return entry.isSymbolicLink() ? { ...child, refused: linked } : child
    })
    .sort((left, right) => compare(left.learner, right.learner))
}

const unprintable = "The folder's name has control characters or is not valid UTF-8: rename it."

function readFolder(folder: string): Dirent[] {
  // As bytes, because not every name is text; the declared type does not know it.
  return readdirSync(folder, { withFileTypes: true, encoding: 'buffer' as BufferEncoding })
}

function isWorkspace(folder: string): boolean {
  return look(join(folder, workspaceFileName))?.isFile() ?? false
}

/** What lies there, links not followed; undefined when there is nothing, or nothing that may be looked at. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function assertFolder(folder: string): void {
  try {
    readdirSync(folder)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT' ? 'does not exist' : code === 'ENOTDIR' ? 'is not a folder' : `can't be read: ${message}`
    throw new UserError('usage', `${folder} ${why}.`, { remedy: howToGrade, cause: error })
  }
}

function whyNothing(folder: string): string {
  if (isWorkspace(folder)) return 'it is a workspace without a folder of an exercise of this course.'
  const own = look(join(folder, workspaceFileName))
  if (own) return `its ${workspaceFileName} is not a regular file, and no subfolder is a workspace.`
  const children = subfolders(folder)
  if (children.length === 0) return `it has no ${workspaceFileName} and no subfolders.`
  const workspaces = children.filter((child) => child.refused === undefined && isWorkspace(child.folder)).length
  if (workspaces === 0) return `neither it nor one of its ${children.length} subfolders has a ${workspaceFileName}.`
  return `none of its ${workspaces} workspaces has a folder of an exercise of this course.`
}

function compare(left: string | undefined = '', right: string | undefined = ''): number {
  return left < right ? -1 : left > right ? 1 : 0
}
