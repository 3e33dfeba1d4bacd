/**
 * Does work for every item, so many at once, and keeps the order.
 * @throws the first error, or the signal's reason; what is under way is waited for, the rest is not begun
 */
export async function inTurns<T, R>(
  items: readonly T[],
  atOnce: number,
  signal: AbortSignal,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  let failed = false
  const lane = async () => {
    while (next < items.length && !failed) {
      const at = next++
      try {
        signal.throwIfAborted()
        results[at] = await work(items[at] as T)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, lane))
  const broken = lanes.find((lane) => lane.status === 'rejected')
  if (broken) throw broken.reason
  return results
}
