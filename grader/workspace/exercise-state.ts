import type { Exercise } from '../exercise/exercise.ts'
import type { Step } from '../exercise/schema.ts'
import type { ExerciseProgress, ExerciseStatus } from './fold-progress.ts'

/** An exercise together with where the learner stands with it, for lists and for programs that read them. */
export interface ExerciseState {
  id: string
  title: string
  summary: string
  topic: string
  status: ExerciseStatus
  points: { earned: number; possible: number }
  /** What a learner needs, honestly estimated. */
  minutes: number
  languages: string[]
  /** Since it was started or last reset. */
  attempts: number
  /** The first step that failed in the last attempt. */
  failing?: { id: string; title: string; section: string }
}

export function exerciseState(exercise: Exercise, progress: ExerciseProgress): ExerciseState {
  const { id, title, summary, topic, minutes, languages } = exercise
  const possible = possiblePoints(exercise)
  const earned = progress.status === 'passed' ? possible : Math.min(progress.earned, possible)
  const failing =
    progress.status === 'passed' ? undefined : exercise.steps.find((step) => progress.steps[step.id] === 'failed')
  return {
    id,
    title,
    summary,
    topic,
    status: progress.status,
    points: { earned, possible },
    minutes,
    languages,
    attempts: progress.attempts,
    ...(failing ? { failing: { id: failing.id, title: failing.title, section: failing.section } } : {}),
  }
}

export function possiblePoints(exercise: Exercise): number {
  return exercise.steps.reduce((sum, { points }) => sum + points, 0)
}

/** The step to work on: the first that failed in the last attempt, else the first that has not passed; undefined when all have. */
export function stepToWorkOn(exercise: Exercise, { status, steps }: ExerciseProgress): Step | undefined {
  const failed = exercise.steps.find(({ id }) => steps[id] === 'failed')
  if (failed || status === 'passed') return failed
  return exercise.steps.find(({ id }) => steps[id] !== 'passed')
}
