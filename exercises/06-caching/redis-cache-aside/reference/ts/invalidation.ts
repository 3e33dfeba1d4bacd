import { forget } from './cache.ts'
import { settings } from './settings.ts'

const RETRY_MS = 200

/** Ids whose entry could not be removed from Redis, and since when. What Redis holds of them must not be used. */
const owed = new Map<string, { since: number }>()

export function isOwed(id: string): boolean {
  return owed.has(id)
}

export async function invalidate(id: string): Promise<void> {
  try {
    await forget(id)
  } catch {
    // In a Map the first place would be kept: move it to the end, so that the debts are sorted by age.
    owed.delete(id)
    owed.set(id, { since: performance.now() })
  }
}

async function payBack(): Promise<void> {
  for (const [id, debt] of owed) {
    // By now everything that was stored before or during the write has expired by itself. This also bounds the memory.
    const expired =
      performance.now() - debt.since > Math.max(settings.ttlMs, settings.negativeTtlMs) + settings.originTimeoutMs
    if (!expired) await forget(id)
    // A later write may owe again, while this one was paid.
    if (owed.get(id) === debt) owed.delete(id)
  }
}

async function payBackForever(): Promise<never> {
  for (;;) {
    await payBack().catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())
  }
}

void payBackForever()
