import { type App, SolutionFailure } from 'learn-backend/kit'

/** @throws SolutionFailure unless the program ended by itself, as one that was asked to */
export function expectCleanExit({ code, signal }: Awaited<App['exited']>): void {
  if (code === 0 || code === 143) return
  const message = signal
    ? `${signal} killed the program: it needs a handler for SIGTERM that ends it in order.`
    : 'An exit code other than 0 (or 143) tells the operator that something went wrong.'
  throw new SolutionFailure('wrong_answer', message, {
    asked: 'kill -TERM <the program>',
    expected: 'exit code 0',
    got: signal ? `killed by ${signal}` : `exit code ${code}`,
    replay: undefined,
  })
}
