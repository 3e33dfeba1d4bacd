import type { Answer } from './upstream.ts'

const CAPACITY = 1000

/** The last good answers by path and query. The ones refreshed longest ago go first, so that memory stays bounded. */
export function createStaleAnswers() {
  const answers = new Map<string, Answer>()
  return {
    get: (target: string) => answers.get(target),
    remember(target: string, answer: Answer) {
      answers.delete(target) // a Map keeps the order of insertion: this moves the target to the end
      answers.set(target, answer)
      const [oldest] = answers.keys()
      if (answers.size > CAPACITY && oldest !== undefined) answers.delete(oldest)
    },
  }
}
