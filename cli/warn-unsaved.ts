import { UserError } from '../grader/index.ts'
import type { Session } from './session.ts'

/** Remembers something about a result that counts in any case: when that can't be written, a warning says so. */
export function warnUnsaved({ stderr }: Session, remember: () => void): void {
  try {
    remember()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    stderr.write(
      `Warning: your progress could not be saved. ${error.message}\n${error.remedy ? `${error.remedy}\n` : ''}`,
    )
  }
}
