import type { Report } from '../report/schema.ts'
import { addEvent } from './progress-file.ts'

interface Attempt {
  /** The workspace's folder. */
  root: string
  report: Report
  /** Only these steps were asked for. */
  only?: string[] | undefined
  now: Date
}

/** Remembers a grading. @throws UserError `not_writable` */
export function recordAttempt({ root, report, only, now }: Attempt): void {
  const { exercise, seed, status, cause, points, steps } = report
  addEvent(root, exercise.id, {
    v: 1,
    at: now.toISOString(),
    type: 'attempt',
    seed,
    status,
    ...(cause === undefined ? {} : { cause }),
    points,
    steps: Object.fromEntries(steps.map((step) => [step.id, step.status])),
    ...(only === undefined ? {} : { only }),
  })
}
