import type { Report } from '../grader/index.ts'

/** 0 passed, 1 the solution failed, 2 the exercise is invalid, 3 the environment lacks something, 70 a bug of ours. */
export function exitCodeOf({ status, cause }: Report): number {
  if (status === 'passed') return 0
  if (status === 'failed') return 1
  if (cause === 'environment') return 3
  return cause === 'exercise' ? 2 : 70
}
