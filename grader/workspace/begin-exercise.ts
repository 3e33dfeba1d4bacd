import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Exercise } from '../exercise/exercise.ts'
import { UserError } from '../user-error.ts'
import { chooseLanguage, languageName } from './choose-language.ts'
import { solutionFolder, type Workspace } from './find-workspace.ts'
import type { ExerciseProgress } from './fold-progress.ts'
import { filesToEdit, type PlacedExercise, placeExercise } from './place-exercise.ts'
import { addEvent } from './progress-file.ts'

interface Beginning {
  workspace: Workspace
  exercise: Exercise
  progress: ExerciseProgress
  /** The language that was asked for, if any. */
  asked: string | undefined
  /** It is the exercise that the learner is at already. */
  current: boolean
  now: Date
}

export interface BegunExercise {
  lang: string
  /** The solution's folder, absolute. */
  folder: string
  /** The files to change, absolute. */
  edit: string[]
  /** Absent when the learner had begun before. */
  placed?: PlacedExercise
}

/**
 * Makes an exercise the current one, and gives the learner its spec and starter unless it was begun before.
 * Remembered last: an interrupted attempt is simply repeated.
 * @throws UserError `not_writable`, or `usage` when the exercise can't be begun in the language asked for
 */
export function beginExercise({ workspace, exercise, progress, asked, current, now }: Beginning): BegunExercise {
  const folder = solutionFolder(workspace, exercise.id)
  const fresh = progress.activeAt === undefined || !existsSync(folder)
  const usual = progress.lang ?? workspace.lang
  if (!fresh && asked !== undefined && asked !== usual) throw otherLanguage(exercise.id, usual, asked)
  const lang = chooseLanguage(exercise, asked, usual)
  const placed = fresh ? placeExercise({ exercise, lang, folder }) : undefined
  if (fresh || !current) addEvent(workspace.root, exercise.id, { v: 1, at: now.toISOString(), type: 'started', lang })
  const edit = filesToEdit(exercise, lang).map((name) => join(folder, name))
  return { lang, folder, edit, ...(placed ? { placed } : {}) }
}

function otherLanguage(id: string, begun: string, asked: string): UserError {
  return new UserError('usage', `${id} is begun in ${languageName(begun)}.`, {
    remedy: `To begin again in ${languageName(asked)} (your work is moved to a backup), type: npx learn-backend reset ${id} --lang ${asked}`,
  })
}
