/** The process that grades one solution at a time for a parent: a crash or a leak stays in here. */
import { gradeSolution, type GradeRequest } from '../engine/grade-solution.ts'
import { UserError } from '../user-error.ts'

/** What the parent sends. */
export type Job = Omit<GradeRequest, 'onTest' | 'signal'>

process.on('message', (job: Job) => {
  gradeSolution(job).then(
    (report) => process.send?.({ report }),
    (error: unknown) =>
      process.send?.({
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        ...(error instanceof UserError ? { user: { ...error, message: error.message } } : {}),
      }),
  )
})
// The parent is gone: whatever runs is cleaned up by the janitor.
process.once('disconnect', () => process.exit(1))
