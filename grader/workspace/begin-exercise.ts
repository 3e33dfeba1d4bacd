import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Exercise } from '../exercise/exercise.ts'
import { chooseLanguage } from './choose-language.ts'
import { solutionFolder, type Workspace } from './find-workspace.ts'
import type { ExerciseProgress } from './fold-progress.ts'
import { filesToEdit, type PlacedExercise, placeExercise } from './place-exercise.ts'
import { addEvent } from './progress-file.ts'
import { type SwitchedLanguage, switchLanguage } from './switch-language.ts'

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
  /** Present when work in another language was put aside. */
  switched?: SwitchedLanguage
}

/**
 * Makes an exercise the current one, and gives the learner its spec and starter unless it was begun before. Asked for
 * another language than it was begun in, it puts the work aside.
 * Remembered last: an interrupted attempt is simply repeated.
 * @throws UserError `not_writable`, or `usage` when the exercise can't be begun in the language asked for
 */
export function beginExercise({ workspace, exercise, progress, asked, current, now }: Beginning): BegunExercise {
  const folder = solutionFolder(workspace, exercise.id)
  const fresh = progress.activeAt === undefined || !existsSync(folder) || readdirSync(folder).length === 0
  const usual = progress.lang ?? workspace.lang
  const lang = chooseLanguage(exercise, asked, usual)
  const edit = () => filesToEdit(exercise, lang).map((name) => join(folder, name))
  if (!fresh && lang !== usual && asked !== undefined) {
    const switched = switchLanguage({ workspace, exercise, from: usual, to: lang, now })
    return { lang, folder, edit: edit(), placed: switched.placed, switched }
  }
  const placed = fresh ? placeExercise({ exercise, lang, folder }) : undefined
  if (fresh || !current) addEvent(workspace.root, exercise.id, { v: 1, at: now.toISOString(), type: 'started', lang })
  return { lang, folder, edit: edit(), ...(placed ? { placed } : {}) }
}
