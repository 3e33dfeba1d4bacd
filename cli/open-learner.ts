import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import {
  type Course,
  type CourseProgress,
  currentExercise,
  type Exercise,
  findExercise,
  findWorkspace,
  folderInWorkspace,
  openCourse,
  readProgress,
  solutionFolder,
  UserError,
  type Workspace,
} from '../grader/index.ts'
import type { Session } from './session.ts'
import { whatToType } from './what-to-type.ts'

/** What the commands around `verify` work on. */
export interface Learner {
  /** Undefined outside of one. */
  workspace: Workspace | undefined
  course: Course
  progress: CourseProgress
}

/** Finds the workspace, its course and the progress in it; says which files of it were damaged. */
export async function openLearner(options: Record<string, unknown>, session: Session): Promise<Learner> {
  const workspace = await findWorkspace(session.cwd)
  return { workspace, ...(await openLessons(workspace, options, session)) }
}

/** The course and the progress in a workspace that is already known. */
export async function openLessons(
  workspace: Workspace | undefined,
  options: Record<string, unknown>,
  session: Session,
): Promise<Omit<Learner, 'workspace'>> {
  const { cwd, cache, stderr, now } = session
  const folder = typeof options['course'] === 'string' ? resolve(cwd, options['course']) : workspace?.course
  const course = await openCourse(folder, cache)
  const progress = await readProgress(course, workspace?.root, now())
  for (const notice of progress.notices) stderr.write(`Note: ${notice}\n`)
  return { course, progress }
}

/** The exercise of this id, or in this folder (a shell completes `ping` to `ping/`). @throws UserError when there is none */
export function namedExercise({ workspace, course }: Omit<Learner, 'progress'>, name: string, cwd: string): Exercise {
  if (!/[/\\.]/.test(name)) return findExercise(course, name)
  const folder = resolve(cwd, name)
  return findExercise(course, (workspace && folderInWorkspace(workspace, folder)) ?? basename(folder))
}

/** @throws UserError when the learner is not in a workspace */
export function needWorkspace({ workspace }: Learner, cwd: string): Workspace {
  if (workspace) return workspace
  throw new UserError('invalid_workspace', `There is no workspace at or above ${cwd}.`, {
    remedy: `To make one here, type: ${whatToType('next')}`,
  })
}

/**
 * The exercise that is meant: the one named, else the one in whose folder the learner is, else the current one.
 * @param name an exercise's id or its folder
 * @throws UserError when there is no such exercise, or none was begun
 */
export function chooseExercise(learner: Learner, name: string | undefined, cwd: string): Exercise {
  const { workspace, course, progress } = learner
  if (name !== undefined) return namedExercise(learner, name, cwd)
  const here = workspace && folderInWorkspace(workspace, cwd)
  if (here !== undefined && course.topics.some(({ exercises }) => exercises.includes(here)))
    return findExercise(course, here)
  const current = workspace && currentExercise(course, progress)
  if (current) return current
  throw new UserError(
    'usage',
    workspace ? 'No exercise has been started yet.' : 'Which exercise? There is no workspace here that would tell.',
    {
      remedy: workspace
        ? `To start the first, type: ${whatToType('next')}`
        : `To make a workspace here, type: ${whatToType('next')}. To see all exercises: ${whatToType('list')}`,
    },
  )
}

/** The folder of an exercise's solution. @throws UserError when the learner has none yet */
export function needSolution(workspace: Workspace, exercise: Exercise): string {
  const folder = solutionFolder(workspace, exercise.id)
  if (existsSync(folder)) return folder
  throw new UserError('usage', `There is no folder ${folder}: ${exercise.id} has not been started.`, {
    remedy: `To start it, type: ${whatToType(`next ${exercise.id}`)}`,
  })
}
