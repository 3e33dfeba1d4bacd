const CAPACITY = 1000

/** The last good answers by path and query. The ones refreshed longest ago go first, so that memory stays bounded. */
export function createStaleAnswers() {
  const answers = new Map()
  return {
    get: (target) => answers.get(target),
    remember(target, answer) {
      answers.delete(target) // a Map keeps the order of insertion: this moves the target to the end
      answers.set(target, answer)
      const [oldest] = answers.keys()
      if (answers.size > CAPACITY) answers.delete(oldest)
    },
  }
}
