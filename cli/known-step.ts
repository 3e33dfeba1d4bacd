import { type Exercise, nearest, UserError } from '../grader/index.ts'

/** The step that `--step` names. @throws UserError `usage` with a suggestion */
export function knownStep(exercise: Exercise, id: string): Exercise['steps'][number] {
  const found = exercise.steps.find((step) => step.id === id)
  if (found) return found
  const ids = exercise.steps.map((step) => step.id)
  const close = nearest(id, ids)
  throw new UserError('usage', `${exercise.id} has no step "${id}".${close ? ` Did you mean "${close}"?` : ''}`, {
    remedy: `Its steps: ${ids.join(', ')}`,
  })
}
