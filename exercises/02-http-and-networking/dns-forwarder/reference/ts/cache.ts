import type { Answer } from './message.ts'

const CAPACITY = 10_000

/** Answers by the key of their question, as long as they may be used. Ages are in whole seconds. */
export function createCache(now = () => performance.now()) {
  const entries = new Map<string, { answer: Answer; arrivedAt: number }>()
  return {
    get(key: string): { answer: Answer; age: number } | undefined {
      const entry = entries.get(key)
      if (!entry) return undefined
      // Looked up by the clock instead of removed by a timer: a TTL of a month is more than setTimeout can count.
      const seconds = (now() - entry.arrivedAt) / 1000
      if (seconds < entry.answer.lifetime) return { answer: entry.answer, age: Math.floor(seconds) }
      entries.delete(key)
      return undefined
    },
    remember(key: string, answer: Answer): void {
      if (answer.lifetime === 0) return
      entries.delete(key) // a Map keeps the order of insertion: this moves the key to the end
      entries.set(key, { answer, arrivedAt: now() })
      const [oldest] = entries.keys()
      if (entries.size > CAPACITY && oldest !== undefined) entries.delete(oldest)
    },
  }
}
