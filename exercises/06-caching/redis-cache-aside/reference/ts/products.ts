import { lookUp, store } from './cache.ts'
import { invalidate, isOwed } from './invalidation.ts'
import { type Answer, askOrigin } from './origin.ts'

/** Requests to the origin that are under way, by product and era. */
const calls = new Map<string, Promise<Answer>>()

export async function readProduct(id: string): Promise<Answer & { cache: 'hit' | 'miss' }> {
  const found = isOwed(id) ? undefined : await lookUp(id).catch(() => undefined)
  if (found && 'answer' in found) return { ...found.answer, cache: 'hit' }

  const era = found?.era
  // With the era in the key, nobody joins a call from before a write, not even from before a write through another instance.
  const key = callKey(id, era)
  let call = calls.get(key)
  if (call === undefined) {
    call = fetchProduct(id, era)
    calls.set(key, call)
    const over = () => calls.get(key) === call && calls.delete(key)
    void call.then(over, over)
  }
  return { ...(await call), cache: 'miss' }
}

export async function writeProduct(method: string, id: string, body: Buffer): Promise<Answer> {
  const answer = await askOrigin(method, id, body)
  // Whatever the answer is: a write that failed may have been done. And only now: what is removed before the origin has
  // the new value is filled with the old one again.
  await invalidate(id)
  calls.delete(callKey(id, undefined))
  return answer
}

async function fetchProduct(id: string, era: string | undefined): Promise<Answer> {
  const answer = await askOrigin('GET', id)
  const worthKeeping = answer.status === 200 || answer.status === 404
  // Awaited, so that whoever comes next finds either the call or the entry.
  if (worthKeeping && era !== undefined) await store(id, era, answer).catch(() => {})
  return answer
}

function callKey(id: string, era: string | undefined): string {
  return `${id} ${era ?? 'unknown'}`
}
