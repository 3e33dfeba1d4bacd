import { type Job, readJob } from './job.ts'
import type { Delivery } from './session.ts'
import { settings, waitAfter, waitQueue } from './settings.ts'

/** Does what the message asks for and settles it, but only when the work is done or the message safe in another queue. */
export async function work(delivery: Delivery): Promise<void> {
  try {
    const job = readJob(delivery.body)
    if (job === undefined) await delivery.moveTo(settings.deadQueue, {})
    else await attempt(job, delivery)
  } catch (error) {
    console.error(`job: ${error instanceof Error ? error.message : error}`)
    delivery.giveBack()
  }
}

async function attempt(job: Job, delivery: Delivery): Promise<void> {
  // The number travels with the message: kept in memory it would be lost with the worker.
  const number = Number(delivery.headers['x-attempt'] ?? 1)
  if (await succeeds(job, number)) return delivery.acknowledge()
  if (number >= settings.maxAttempts) return delivery.moveTo(settings.deadQueue, { 'x-attempt': number })
  return delivery.moveTo(waitQueue(waitAfter(number)), { 'x-attempt': number + 1 })
}

async function succeeds(job: Job, number: number): Promise<boolean> {
  try {
    const answer = await fetch(settings.workUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...job, attempt: number }),
      signal: AbortSignal.timeout(settings.workTimeoutMs),
    })
    await answer.arrayBuffer()
    return answer.ok
  } catch {
    return false
  }
}
