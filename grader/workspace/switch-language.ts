import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Exercise } from '../exercise/exercise.ts'
import { solutionFolder, type Workspace } from './find-workspace.ts'
import { moveContents } from './move-contents.ts'
import { type PlacedExercise, placeExercise } from './place-exercise.ts'
import { addEvent, memoryFolder } from './progress-file.ts'
import { timestamp } from './timestamp.ts'

interface Switch {
  workspace: Workspace
  exercise: Exercise
  /** The language in which the exercise was begun. */
  from: string
  /** One of the exercise's languages. */
  to: string
  now: Date
}

export interface SwitchedLanguage {
  from: string
  /** Where the work in the other language is, relative to the workspace; absent when there was none. */
  kept?: string
  /** An earlier solution in this language has come back. */
  back: boolean
  placed: PlacedExercise
}

/**
 * Puts the solution aside and begins the exercise in another language, or goes on with what was put aside in it before.
 * Deletes nothing. @throws UserError `not_writable`
 */
export function switchLanguage({ workspace, exercise, from, to, now }: Switch): SwitchedLanguage {
  const { root } = workspace
  const folder = solutionFolder(workspace, exercise.id)
  const place = (lang: string) => `${memoryFolder}/solutions/${exercise.id}/${lang}`
  const wanted = place(from)
  const aside = existsSync(join(root, wanted)) ? `${wanted}-${timestamp(now)}` : wanted
  mkdirSync(folder, { recursive: true })
  const kept = moveContents(folder, join(root, aside))
  const earlier = join(root, place(to))
  const back = existsSync(earlier) && moveContents(earlier, folder)
  if (back) rmSync(earlier, { recursive: true })
  const placed = placeExercise({ exercise, lang: to, folder, missing: back ? 'spec' : 'all' })
  addEvent(root, exercise.id, { v: 1, at: now.toISOString(), type: 'started', lang: to })
  return { from, back, placed, ...(kept ? { kept: aside } : {}) }
}
