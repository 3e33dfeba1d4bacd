import { lstatSync } from 'node:fs'
import { dirname, isAbsolute, join, posix, relative, sep } from 'node:path'
import type { Submission } from '../../../grader/index.ts'
import { type Failure, failuresOf } from './outcome.ts'
import { plainLine } from './plain-text.ts'

/** Where in the repository something went wrong. */
export interface Place {
  /** Relative to the repository, with `/`: a file, or the solution's folder. */
  path: string
  line?: number
  column?: number
}

/**
 * The learner's line on which a failure happened, where the evidence names one, else the solution's folder. The place
 * comes out of a stack that the solution itself may have printed: it never leaves the solution's folder.
 * @param repository the path of the graded folder in its repository; see {@link pathInRepository}
 */
export function placeOf(submission: Submission, failure: Failure, repository: string): Place {
  // From the root `..` leads nowhere.
  const inside = posix.join('/', repository, plainLine(submission.folder)).slice(1) || '.'
  // What a compiler says has no stack: its first line begins with the place.
  const { stack = [], log = [] } = failure.evidence
  for (const frame of [...stack, ...(failure.test ? [] : log.slice(0, 1))]) {
    const [, file, line, column] = /^([^\s:]+):(\d{1,7})(?::(\d{1,7}))?(?=\s|$)/.exec(frame) ?? []
    if (file === undefined || isAbsolute(file) || posix.normalize(file).startsWith('..')) continue
    const path = posix.join(inside, plainLine(file))
    return { path, line: Math.max(1, Number(line)), ...(column && { column: Math.max(1, Number(column)) }) }
  }
  return { path: inside }
}

/** The first failure of each failed submission, with its place. */
export function firstFailures(submissions: Submission[]): { submission: Submission; failure: Failure }[] {
  return submissions.flatMap((submission) =>
    failuresOf(submission.report)
      .slice(0, 1)
      .map((failure) => ({ submission, failure })),
  )
}

/**
 * Where a folder lies in its checkout, with `/`: platforms know files by their path in the repository, which may be
 * checked out somewhere below the job's folder. No git is run.
 * @param workspace the job's folder, when no checkout is found
 */
export function pathInRepository(root: string, workspace: string | undefined): string {
  for (let folder = root; ; folder = dirname(folder)) {
    if (lstatSync(join(folder, '.git'), { throwIfNoEntry: false })) return slashes(relative(folder, root))
    if (folder === dirname(folder) || folder === workspace) break
  }
  const path = workspace === undefined ? '' : relative(workspace, root)
  return path.startsWith('..') || isAbsolute(path) ? '' : slashes(path)
}

function slashes(path: string): string {
  return path.split(sep).join('/')
}
