import { SolutionFailure } from 'learn-backend/kit'

/** For what no matcher can say: a failure whose evidence is put in words. */
export function wrongAnswer(
  message: string,
  evidence: { asked: string; expected: string; got: string },
): SolutionFailure {
  // Without `sent`, the body of the last request would be shown, which has nothing to do with it.
  return new SolutionFailure('wrong_answer', message, { sent: undefined, replay: undefined, ...evidence })
}

/** Several answers with their statuses, such as "201 (12x), 500 (3x)". */
export function tally(statuses: (number | undefined)[]): string {
  const counts = new Map<string, number>()
  for (const status of statuses) {
    const name = String(status ?? 'no answer')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => `${name} (${count}x)`).join(', ')
}
