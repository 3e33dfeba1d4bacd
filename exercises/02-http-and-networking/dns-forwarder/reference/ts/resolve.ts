import { createCache } from './cache.ts'
import type { Answer } from './message.ts'
import type { Question } from './sections.ts'

/** An answer, and the whole seconds since it arrived. */
export interface Resolved {
  answer: Answer
  age: number
}

/** Puts a cache before the upstream, and lets the same questions share one call. */
export function createResolver(ask: (question: Question) => Promise<Answer | undefined>) {
  const cache = createCache()
  const pending = new Map<string, Promise<Answer | undefined>>()

  async function fetch(question: Question): Promise<Answer | undefined> {
    const answer = await ask(question)
    // In one go: whoever comes later finds the answer in the cache, or asks anew.
    if (answer) cache.remember(question.key, answer)
    pending.delete(question.key)
    return answer
  }

  return async function resolve(question: Question): Promise<Resolved | undefined> {
    const cached = cache.get(question.key)
    if (cached) return cached
    let call = pending.get(question.key)
    if (!call) pending.set(question.key, (call = fetch(question)))
    const answer = await call
    return answer && { answer, age: 0 }
  }
}
