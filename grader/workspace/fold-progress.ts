import type { AttemptStatus, ProgressEvent, StepStatus } from './progress-event.ts'

/** `started` until all steps have passed; a reset starts an exercise again. */
export type ExerciseStatus = 'open' | 'started' | 'passed'

/** Where the learner stands with an exercise. */
export interface ExerciseProgress {
  status: ExerciseStatus
  /** The language that was chosen. */
  lang?: string
  /** Of the last attempt at all steps since the last reset. */
  earned: number
  /** The latest verdict on each step since the last reset. */
  steps: Record<string, StepStatus>
  attempts: number
  lastAttempt?: { at: string; status: AttemptStatus; cause?: string; seed: string }
  /** How many hints of each step were shown since the last reset. */
  hints: Record<string, number>
  /** When it passed for the first time; outlives a reset. */
  passedAt?: string
  solutionSeen: boolean
  /** When it was last started, attempted or reset. */
  activeAt?: string
}

/** What the events of an exercise amount to, in whatever order they stand: two clones merge without a conflict. */
export function foldProgress(events: readonly ProgressEvent[]): ExerciseProgress {
  const progress: ExerciseProgress = {
    status: 'open',
    earned: 0,
    steps: {},
    attempts: 0,
    hints: {},
    solutionSeen: false,
  }
  for (const event of [...events].sort(byTime)) apply(event, progress)
  return progress
}

function byTime(left: ProgressEvent, right: ProgressEvent): number {
  const difference = Date.parse(left.at) - Date.parse(right.at)
  // The same moment on two machines: any order will do that is the same everywhere.
  return difference || (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1)
}

function apply(event: ProgressEvent, progress: ExerciseProgress): void {
  switch (event.type) {
    case 'started':
      if (progress.status === 'open') progress.status = 'started'
      progress.lang = event.lang
      progress.activeAt = event.at
      break
    case 'attempt':
      applyAttempt(event, progress)
      break
    case 'hint':
      progress.hints[event.step] = Math.max(progress.hints[event.step] ?? 0, event.level)
      break
    case 'reset':
      Object.assign(progress, { status: 'started', earned: 0, steps: {}, attempts: 0, hints: {}, activeAt: event.at })
      delete progress.lastAttempt
      break
    case 'solution':
      progress.solutionSeen = true
      break
  }
}

function applyAttempt(event: ProgressEvent & { type: 'attempt' }, progress: ExerciseProgress): void {
  const { at, status, cause, seed, only } = event
  progress.attempts++
  progress.activeAt = at
  progress.lastAttempt = { at, status, seed, ...(cause === undefined ? {} : { cause }) }
  if (progress.status === 'open') progress.status = 'started'
  // Nothing was judged: the machine or the exercise was at fault.
  if (status === 'errored') return
  if (only) {
    for (const step of only) progress.steps[step] = event.steps[step] ?? 'skipped'
    return
  }
  progress.earned = event.points.earned
  progress.steps = { ...event.steps }
  if (status !== 'passed') return
  progress.status = 'passed'
  progress.passedAt ??= at
}
