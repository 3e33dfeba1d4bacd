import { expect } from 'vitest'
import type { Answer, App, Random, StartOptions } from 'learn-backend/kit'
import { note, sleep, SolutionFailure, step, test } from 'learn-backend/kit'
import { batchOf, expectValue, fail, kv } from './ledger.ts'

const KEYS = 20_000
const PER_BATCH = 1000
/** So many of them are written twice. */
const REWRITTEN = 5000

type Start = (options?: StartOptions) => Promise<App>

const name = (i: number) => `user/${i}/name`

/** Values that need not be kept: each can be made again from its number. */
const value = (salt: string, i: number, generation = i < REWRITTEN ? 2 : 1) =>
  Buffer.from(`${salt} ${i} ${generation} `.padEnd(300 + (i % 200), '.'))

async function fill(app: App, salt: string): Promise<void> {
  for (const [generation, count] of [
    [1, KEYS],
    [2, REWRITTEN],
  ] as const) {
    for (let first = 0; first < count; first += PER_BATCH) {
      const changes = Array.from({ length: PER_BATCH }, (_, i): [string, Buffer] => [
        name(first + i),
        value(salt, first + i, generation),
      ])
      expect(await app.post('/batch', { json: batchOf(changes), deadline: 8000 })).toHaveStatus(204)
    }
  }
}

/** Starts a store and asks it without a pause until it answers for the first time. */
async function firstAnswer(
  start: () => Promise<App>,
  path: string,
  deadline: number,
): Promise<{ app: App; answer: Answer | undefined; ms: number }> {
  const began = performance.now()
  const app = await start()
  while (performance.now() - began < deadline && app.alive) {
    try {
      const answer = await app.get(path, { deadline })
      return { app, answer, ms: performance.now() - began }
    } catch (error) {
      if (!(error instanceof SolutionFailure)) throw error
      await sleep(1)
    }
  }
  return { app, answer: undefined, ms: performance.now() - began }
}

async function filled(start: Start, random: Random): Promise<{ dataDir: string; salt: string }> {
  const salt = random.hex(8)
  const app = await start()
  await fill(app, salt)
  await app.kill()
  return { dataDir: app.dataDir, salt }
}

step('open', () => {
  test('20,000 keys are open soon, and no key is missing at first', async ({ start, random }) => {
    const empty = await firstAnswer(() => start({ ready: 'none' }), kv(name(0)), 5000)
    expect(empty.answer, 'a store with an empty DATA_DIR must start').toBeDefined()
    await empty.app.kill()
    const { dataDir, salt } = await filled(start, random)

    // One of those that are right only when the log has been read to its end.
    const i = random.int(0, REWRITTEN - 1)
    const limit = empty.ms + 3000
    const full = await firstAnswer(() => start({ ready: 'none', dataDir }), kv(name(i)), limit)
    note(
      `the first answer came after ${Math.round(empty.ms)} ms with an empty DATA_DIR, and after ${Math.round(full.ms)} ms with 20,000 keys`,
    )
    const slow = `with 20,000 keys: no answer within ${Math.round(limit)} ms, although an empty store answers after ${Math.round(empty.ms)} ms. What takes longer with the number of records squared?`
    if (full.answer === undefined) fail(slow, `an answer within ${Math.round(limit)} ms`, 'no answer')
    expectValue(
      full.answer,
      value(salt, i),
      'the very first answer after the start must be right already: listen only when all data is loaded',
    )
    for (const key of [0, KEYS - 1, ...Array.from({ length: 60 }, () => random.int(0, KEYS - 1))]) {
      expectValue(
        await full.app.get(kv(name(key))),
        value(salt, key),
        'of a key that was written twice the last value counts',
      )
    }
  })
})
