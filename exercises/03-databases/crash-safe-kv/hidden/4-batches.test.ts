import { expect } from 'vitest'
import type { App } from 'learn-backend/kit'
import { step, test } from 'learn-backend/kit'
import { killDuringWrite } from './disk.ts'
import { batchOf, expectValue, fail, kv, Ledger, noise, show } from './ledger.ts'

step('batch', () => {
  test('a batch puts and deletes, in its order', async ({ app, random }) => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => `${name}-${random.hex(6)}`) as [
      string,
      string,
      string,
      string,
    ]
    const [first, second] = [random.bytes(50), random.bytes(70)]
    const empty = Buffer.alloc(0)
    expect(await app.put(kv(b), { body: 'old' })).toHaveStatus(204)
    const changes: [string, Buffer | undefined][] = [
      [a, first],
      [b, undefined],
      [c, first],
      [c, second],
      [d, first],
      [d, undefined],
      [b, undefined],
      [a, empty],
      [a, second],
    ]
    expect(await app.post('/batch', { json: batchOf(changes) })).toHaveStatus(204)
    expectValue(await app.get(kv(a)), second, 'the last of three puts of one key in one batch counts')
    expect(await app.get(kv(b)), 'the batch deleted this key').toHaveStatus(404)
    expectValue(await app.get(kv(c)), second, 'the second put of the same key in one batch counts')
    expect(await app.get(kv(d)), 'put and then deleted in one batch').toHaveStatus(404)

    const again: [string, Buffer | undefined][] = [
      [a, undefined],
      [a, first],
      ['\u00e9🔑\n', empty],
    ]
    expect(await app.post('/batch', { json: batchOf(again) })).toHaveStatus(204)
    expectValue(await app.get(kv(a)), first, 'deleted and then put in one batch')
    expectValue(await app.get(kv('\u00e9🔑\n')), empty, 'a batch can put an empty value, with any key')
  })

  test('a batch that is wrong in any part changes nothing', async ({ app, random }) => {
    const [kept, fresh] = [`kept-${random.hex(6)}`, `fresh-${random.hex(6)}`]
    expect(await app.put(kv(kept), { body: 'kept' })).toHaveStatus(204)
    const good = [
      { op: 'put', key: fresh, value: 'QUJD' },
      { op: 'delete', key: kept },
    ]
    const bad: unknown[] = [
      { op: 'increment', key: fresh },
      { op: 'put', key: fresh },
      { op: 'put', key: fresh, value: 7 },
      { op: 'put', key: fresh, value: null },
      { op: 'put', key: '', value: 'QUJD' },
      { op: 'put', value: 'QUJD' },
      { op: 'delete', key: '€'.repeat(171) },
      { op: 'delete' },
      { key: fresh, value: 'QUJD' },
      null,
    ]
    const bodies = [
      ...bad.map((operation) => JSON.stringify({ operations: [...good, operation, ...good] })),
      '',
      'null',
      '[]',
      '"operations"',
      '{}',
      '{"operations": null}',
      '{"operations": {"op": "delete", "key": "x"}}',
      JSON.stringify({ operations: good }).slice(0, -2),
    ]
    const headers = { 'content-type': 'application/json' }
    for (const body of bodies) {
      const why = 'this is not a batch of the kind that the spec describes'
      expect(await app.post('/batch', { body, headers }), why).toHaveStatus(400)
    }
    const why =
      'each of the batches was wrong in some part, so none of its operations may happen: check all before you do the first'
    expectValue(await app.get(kv(kept)), Buffer.from('kept'), why)
    expect(await app.get(kv(fresh)), why).toHaveStatus(404)
  })

  test('a batch of 1,000 operations survives a kill -9 right after its answer', async ({ start, random }) => {
    const app = await start()
    const ledger = new Ledger()
    const keys = Array.from({ length: 1000 }, (_, i) => `key ${i}`)
    await ledger.batch(
      app,
      keys.map((key) => [key, random.bytes(random.int(0, 200))]),
    )
    await ledger.batch(
      app,
      keys.map((key, i) => [key, i % 3 === 0 ? undefined : random.bytes(random.int(0, 200))]),
    )
    await app.kill()
    await app.restart()
    const sample = ['key 0', 'key 1', ...random.sample(keys, 80), 'key 998', 'key 999']
    await ledger.checkAfterStart(
      app,
      'the second of two batches of 1,000 operations was answered with 204, then kill -9',
      sample,
    )
  })

  test('no kill leaves a part of a batch behind', async ({ start, random }) => {
    const keys = Array.from({ length: 100 }, (_, i) => `part ${i}`)
    for (const delay of [0, 2]) {
      const app = await start()
      const [old, fresh] = [keys.map(() => random.bytes(30)), keys.map(() => noise(random, 40_000))]
      expect(await app.post('/batch', { json: batchOf(keys.map((key, i) => [key, old[i]])) })).toHaveStatus(204)
      const json = batchOf(keys.map((key, i) => [key, fresh[i]]))
      let acknowledged = false
      await killDuringWrite(app, delay, async () => {
        expect(await app.post('/batch', { json })).toHaveStatus(204)
        acknowledged = true
      })
      await app.restart()

      const counts = { 'from before it': 0, 'from the batch': 0 }
      for (const [i, key] of keys.entries()) {
        if (i % 9 !== 0 && i < 97) continue
        const answer = await app.get(kv(key))
        const isNew = fresh[i]?.equals(answer.body)
        if (!isNew && !old[i]?.equals(answer.body)) {
          const expected = `${show(old[i])} (from before the batch)\nor ${show(fresh[i])} (from the batch)`
          fail(
            `operation ${i + 1} of a batch of 100, after a kill -9 while it was written`,
            expected,
            show(answer.body),
          )
        }
        counts[isNew ? 'from the batch' : 'from before it']++
      }
      const { 'from before it': before, 'from the batch': after } = counts
      const got = `${after} values are from the batch, ${before} from before it`
      const why = 'kill -9 came when a batch of 100 operations began to change the files in DATA_DIR'
      if (acknowledged && before > 0) fail(`${why}, and was answered with 204`, 'all values are from the batch', got)
      if (before > 0 && after > 0) fail(why, 'all values are from the batch, or all from before it', got)
      await app.kill()
    }
  })

  test('no reader sees a part of a batch', async ({ app, random }) => {
    const salt = random.hex(6)
    const keys = Array.from({ length: 300 }, (_, i) => `${salt} ${i}`)
    const filler = random.bytes(1500)
    const [first, last] = [keys[0] as string, keys[299] as string]
    const write = async (generation: number) => {
      const value = Buffer.concat([Buffer.from(`${generation}|`), filler])
      expect(await app.post('/batch', { json: batchOf(keys.map((key) => [key, value])) })).toHaveStatus(204)
    }
    await write(0)
    let over = false
    const writing = (async () => {
      for (let generation = 1; generation <= 8; generation++) await write(generation)
    })().finally(() => (over = true))
    const reading = [
      [first, last],
      [last, first],
    ].map(async ([one, other]) => {
      while (!over) {
        const earlier = await generationOf(app, one as string)
        const later = await generationOf(app, other as string)
        const why = `each batch writes the same number to 300 keys. A reader got the one ${one === first ? 'of the first operation, and then that of the last' : 'of the last operation, and then that of the first'}: what it asks later can't be older`
        if (later < earlier) fail(why, `${earlier} or more`, String(later))
      }
    })
    await Promise.all([writing, ...reading])
  })
})

async function generationOf(app: App, key: string): Promise<number> {
  const answer = await app.get(kv(key))
  expect(answer).toHaveStatus(200)
  return Number.parseInt(answer.body.toString('latin1', 0, 8), 10)
}
