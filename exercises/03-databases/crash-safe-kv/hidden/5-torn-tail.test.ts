import { join } from 'node:path'
import type { App, Random, StartOptions } from 'learn-backend/kit'
import { note, step, test } from 'learn-backend/kit'
import type { Tail } from './disk.ts'
import { appendedTail, snapshot, writeSnapshot } from './disk.ts'
import { difference, fail, kv, Ledger, show } from './ledger.ts'

type Start = (options?: StartOptions) => Promise<App>
type Damage = (tail: Buffer) => Buffer

interface LastChange {
  key: string
  old: Buffer
  fresh: Buffer
}

/** A store that was killed right after its last write. */
interface Scene {
  ledger: Ledger
  last: LastChange[]
  /** Whether the last write appended, so that there is something to damage. */
  torn: boolean
  /** Starts a store on a copy of the files in which `damage` has changed what the last write appended. */
  restart(what: string, damage: Damage): Promise<App>
}

const KEYS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta']

async function prepare(args: {
  start: Start
  random: Random
  scratch: string
  write: 'put' | 'batch'
}): Promise<Scene> {
  const { start, random, scratch, write } = args
  const app = await start()
  const ledger = new Ledger()
  const values = new Map<string, Buffer>()
  const put = async (key: string, size: number) => {
    const value = random.bytes(size)
    values.set(key, value)
    await ledger.put(app, key, value)
  }
  for (const key of KEYS) await put(key, random.int(10, 600))
  await put('alpha', 0)
  await ledger.put(app, 'deleted', random.bytes(50))
  await ledger.remove(app, 'deleted')

  let files = snapshot(app.dataDir)
  let tail: Tail | undefined
  let last: LastChange[] = []
  // A store may be just tidying up: then the next write shows how it writes.
  for (let attempt = 0; attempt < 4 && tail === undefined; attempt++) {
    last = (write === 'put' ? ['gamma'] : KEYS).map((key) => {
      const [old, fresh] = [values.get(key) as Buffer, random.bytes(random.int(1500, 3000))]
      values.set(key, fresh)
      return { key, old, fresh }
    })
    if (write === 'batch')
      await ledger.batch(
        app,
        last.map(({ key, fresh }) => [key, fresh]),
      )
    else for (const { key, fresh } of last) await ledger.put(app, key, fresh)
    const now = snapshot(app.dataDir)
    tail = appendedTail(files, now)
    if (tail === undefined) files = now
  }
  await app.kill()
  const after = snapshot(app.dataDir)
  tail = tail && appendedTail(files, after)
  note(
    tail
      ? `the last write added bytes ${tail.from} to ${tail.to} to the end of ${tail.path}`
      : 'the last write did not append to the file that was written last: nothing is damaged',
  )

  let copies = 0
  return {
    ledger,
    last,
    torn: tail !== undefined,
    async restart(what, damage) {
      note(`then: ${what}`)
      const bytes = tail && after.get(tail.path)?.bytes
      if (tail === undefined || bytes === undefined) {
        await app.restart()
        return app
      }
      const dataDir = join(scratch, `copy-${++copies}`)
      const damaged = damage(Buffer.from(bytes.subarray(tail.from)))
      writeSnapshot(after, dataDir, { path: tail.path, bytes: Buffer.concat([bytes.subarray(0, tail.from), damaged]) })
      return start({ dataDir })
    },
  }
}

/** Everything from before the last write is there; so is the last write as a whole, or not at all if it may be missing. */
async function expectIntact(app: App, scene: Scene, what: string, mayMiss: boolean): Promise<void> {
  const { ledger, last, torn } = scene
  const others = ledger.keys.filter((name) => !last.some(({ key }) => key === name))
  await ledger.checkAfterStart(app, `${what}: everything before the last write must be there`, others)
  let missing = 0
  for (const { key, old, fresh } of last) {
    const { status, body } = await app.get(kv(key))
    if (status === 200 && body.equals(fresh)) continue
    missing++
    if (torn && mayMiss && status === 200 && body.equals(old)) continue
    const got =
      status === 200 ? `${show(body)}${body.length === fresh.length ? difference(body, fresh) : ''}` : `${status}`
    if (torn && mayMiss) {
      const expected = `${show(old)}, as before the last write\nor ${show(fresh)}, as it was written`
      fail(`${what}: it happened as a whole or not at all`, expected, got)
    }
    fail(`${what}: the last write itself is whole, and must be there`, show(fresh), got)
  }
  if (missing === 0 || missing === last.length) return
  const got = `${last.length - missing} of ${last.length} values are from the batch, ${missing} from before it`
  fail(
    `${what}: a batch happened as a whole or not at all`,
    'all values are from the batch, or all from before it',
    got,
  )
}

step('torn', () => {
  test('a last write that is cut short is dropped, and the store starts', async ({ start, random, scratch }) => {
    const scene = await prepare({ start, random, scratch, write: 'put' })
    const cuts: [string, (tail: Buffer) => number][] = [
      ['of the last write only the last byte is missing', (tail) => tail.length - 1],
      ['of the last write only the first bytes are there', () => random.int(1, 16)],
      ['of the last write a part is there', (tail) => random.int(20, tail.length - 20)],
    ]
    for (const [what, keep] of cuts) {
      const app = await scene.restart(what, (tail) => tail.subarray(0, keep(tail)))
      await expectIntact(app, scene, what, true)
      await app.kill()
    }
  })

  test('zeros and garbage in place of the last bytes are not taken for data', async ({ start, random, scratch }) => {
    const scene = await prepare({ start, random, scratch, write: 'put' })
    const damages: [string, Damage][] = [
      [
        'the file has its length, but the second half of the last write reads as zeros',
        (tail) => tail.fill(0, tail.length >> 1),
      ],
      ['the file has its length, but all of the last write reads as zeros', (tail) => tail.fill(0)],
      [
        '24 bytes in the middle of the last write are garbage',
        (tail) => tail.copyWithin(tail.length >> 1, tail.length >> 2, (tail.length >> 2) + 24),
      ],
    ]
    for (const [what, damage] of damages) {
      const app = await scene.restart(what, damage)
      await expectIntact(app, scene, what, true)
      await app.kill()
    }
  })

  test('an incomplete write after the last one does no harm', async ({ start, random, scratch }) => {
    const scene = await prepare({ start, random, scratch, write: 'put' })
    const damages: [string, Damage][] = [
      [
        'after the last write comes the beginning of another one',
        (tail) => Buffer.concat([tail, tail.subarray(0, tail.length >> 1)]),
      ],
      ['after the last write come zeros', (tail) => Buffer.concat([tail, Buffer.alloc(random.int(20, 5000))])],
    ]
    for (const [what, damage] of damages) {
      const app = await scene.restart(what, damage)
      await expectIntact(app, scene, what, false)
      await app.kill()
    }
  })

  test('what is written after a torn tail survives the next crash', async ({ start, random, scratch }) => {
    const scene = await prepare({ start, random, scratch, write: 'put' })
    const damages: [string, Damage][] = [
      ['the last write is cut short by one byte', (tail) => tail.subarray(0, -1)],
      ['half of the last write reads as zeros', (tail) => tail.fill(0, tail.length >> 1)],
    ]
    for (const [what, damage] of damages) {
      const app = await scene.restart(what, damage)
      const ledger = new Ledger()
      for (const { key, old, fresh } of scene.last) for (const value of [old, fresh]) ledger.begin([[key, value]])()
      await ledger.put(app, 'gamma', random.bytes(20))
      await ledger.put(app, 'after the crash', random.bytes(300))
      await ledger.remove(app, 'beta')
      await app.kill()
      await app.restart()
      const why = `${what}; the store starts, writes more, is killed and starts again: records behind a torn one can't be read`
      await ledger.checkAfterStart(app, why)
      await app.kill()
    }
  })

  test('a batch that is cut short is dropped as a whole', async ({ start, random, scratch }) => {
    const scene = await prepare({ start, random, scratch, write: 'batch' })
    for (const share of [0.6, 1]) {
      const what = `of the last batch ${share === 1 ? 'only the last byte is missing' : `about ${share * 100} % of the bytes are there`}`
      const app = await scene.restart(what, (tail) => tail.subarray(0, Math.ceil(tail.length * share) - 1))
      await expectIntact(app, scene, what, true)
      await app.kill()
    }
  })
})
