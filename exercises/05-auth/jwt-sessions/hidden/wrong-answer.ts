import { SolutionFailure } from 'learn-backend/kit'

/** For what no matcher can say: a failure whose evidence is put in words. */
export function wrongAnswer(
  message: string,
  evidence: { asked: string; expected: string; got: string },
): SolutionFailure {
  // Without `sent`, the body of the last request would be shown, which has nothing to do with it.
  return new SolutionFailure('wrong_answer', message, { sent: undefined, replay: undefined, ...evidence })
}
