import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Exercise } from '../exercise/exercise.ts'
import { UserError } from '../user-error.ts'
import { solutionFolder, type Workspace } from './find-workspace.ts'
import { moveContents } from './move-contents.ts'
import { placeExercise } from './place-exercise.ts'
import { addEvent, memoryFolder } from './progress-file.ts'
import { timestamp } from './timestamp.ts'

interface Reset {
  workspace: Workspace
  exercise: Exercise
  /** One of the exercise's languages. */
  lang: string
  now: Date
}

/**
 * Moves the learner's work into a backup and places the starter again. Deletes nothing.
 * @returns the backup's folder, relative to the workspace; undefined when there was nothing to move
 * @throws UserError `not_writable`; it names the backup when there is one by then
 */
export function resetExercise({ workspace, exercise, lang, now }: Reset): string | undefined {
  const folder = solutionFolder(workspace, exercise.id)
  const backup = moveAside(workspace, exercise.id, now)
  try {
    placeExercise({ exercise, lang, folder })
    const head = { v: 1, at: now.toISOString() } as const
    addEvent(workspace.root, exercise.id, { ...head, type: 'reset', ...(backup === undefined ? {} : { backup }) })
    addEvent(workspace.root, exercise.id, { ...head, type: 'started', lang })
  } catch (error) {
    if (!(error instanceof UserError) || backup === undefined) throw error
    throw new UserError(error.code, `${error.message}\nYour work is safe in ${join(workspace.root, backup)}`, {
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      cause: error,
    })
  }
  return backup
}

function moveAside({ root }: Workspace, id: string, now: Date): string | undefined {
  const folder = join(root, id)
  if (!existsSync(folder)) return undefined
  const wanted = `${memoryFolder}/backups/${id}-${timestamp(now)}`
  let backup = wanted
  for (let number = 2; existsSync(join(root, backup)); number++) backup = `${wanted}-${number}`
  return moveContents(folder, join(root, backup)) ? backup : undefined
}
