import type { App } from 'learn-backend/kit'
import { note, sleep, step, test } from 'learn-backend/kit'
import { diskUsage, filesUnder, settled } from './disk.ts'
import { fail, Ledger, noise } from './ledger.ts'

const MIB = 1 << 20
const VALUE = 512 << 10

const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`

/** The spec grants 2 seconds; a loaded machine gets more. */
async function expectBounded(app: App, ledger: Ledger, what: string): Promise<void> {
  const bound = 8 * MIB + 3 * ledger.live
  const end = Date.now() + 4000
  let used = diskUsage(app.dataDir)
  while (used > bound && Date.now() < end) {
    await sleep(50)
    used = diskUsage(app.dataDir)
  }
  const files = filesUnder(app.dataDir).sort((a, b) => b.disk - a.disk)
  note(
    `the largest files: ${files
      .slice(0, 5)
      .map(({ path, disk }) => `${path} ${mib(disk)}`)
      .join(', ')}`,
  )
  if (used <= bound) return
  const live = `${mib(ledger.live)} of keys and values are there`
  fail(
    `${what}, and more than 2 seconds have passed`,
    `at most ${mib(bound)} (${live})`,
    mib(used),
    'the size of all files in DATA_DIR',
  )
}

/** What the files tell about a store that tidies up: a new one appears, an old one goes or shrinks. */
function watchFiles(dir: string): () => { more: boolean; less: boolean } {
  const sizes = () => new Map(filesUnder(dir).map((file) => [file.ino, file.size]))
  let seen = sizes()
  return () => {
    const now = sizes()
    const less = [...seen].some(([ino, size]) => (now.get(ino) ?? -1) < size)
    const more = [...now.keys()].some((ino) => !seen.has(ino))
    seen = now
    return { more, less }
  }
}

step('compact', () => {
  test('values that were overwritten do not pile up', async ({ start, random }) => {
    const app = await start()
    const ledger = new Ledger()
    const load = ledger.load(app, 4, (client) => ledger.put(app, `client ${client}`, noise(random, VALUE)))
    await load.until(() => ledger.acknowledged >= 42, 8000)
    await load.stop()
    await expectBounded(app, ledger, `${ledger.acknowledged} writes of 512 KiB to 4 keys`)
    await ledger.check(app, 'after many overwrites')
    await settled(app)
    await app.kill()
    await app.restart()
    await ledger.checkAfterStart(app, 'after many overwrites and a kill -9')
  })

  test('values that were deleted do not pile up, and do not come back', async ({ start, random }) => {
    const app = await start()
    const ledger = new Ledger()
    const keys = Array.from({ length: 11 }, (_, i) => `key ${i}`)
    await ledger.put(app, 'kept', random.bytes(1000))
    for (const key of keys) await ledger.put(app, key, noise(random, 3 * VALUE))
    for (const key of keys) await ledger.remove(app, key)
    await ledger.check(app, 'right after many deletes: a deleted key must not come back')
    await expectBounded(app, ledger, '11 values of 1.5 MiB were written and deleted')
    await ledger.check(app, 'after many deletes')
    await settled(app)
    await app.kill()
    await app.restart()
    await ledger.checkAfterStart(
      app,
      'a deleted key must stay deleted, also after the files were tidied up and the store was started again',
    )
  })

  test('reads and writes go on to be right meanwhile', async ({ start, random }) => {
    const app = await start()
    const ledger = new Ledger()
    const quiet = Array.from({ length: 6 }, (_, i) => `quiet ${i}`)
    for (const key of quiet) await ledger.put(app, key, noise(random, random.int(1, 100_000)))
    const first = ledger.acknowledged
    const load = ledger.load(app, 5, async (client) => {
      const own = `client ${client}`
      const why = 'read while several clients write and the files are tidied up'
      await sleep(random.int(0, 4))
      if (client === 0) await ledger.check(app, why, [random.pick(quiet)])
      else {
        await ledger.put(app, own, noise(random, VALUE - random.int(0, 5000)))
        await ledger.check(app, why, [own])
        await sleep(random.int(0, 4))
        await ledger.check(app, why, [own])
      }
    })
    await load.until(() => ledger.acknowledged >= first + 44, 8000)
    await load.stop()
    await settled(app)
    await app.kill()
    await app.restart()
    await ledger.checkAfterStart(app, 'after about 20 MiB of overwrites by several clients, and kill -9')
  })

  test('a kill in the middle of it loses nothing', async ({ start, random }) => {
    const app = await start()
    const ledger = new Ledger()
    const quiet = Array.from({ length: 8 }, (_, i) => `quiet ${i}`)
    for (const key of quiet) await ledger.put(app, key, noise(random, 250_000))
    // Several times: on a busy machine the look at the files may come too late to see it happen.
    for (const moment of ['more', 'less', 'later', 'less', 'more'] as const) {
      const look = watchFiles(app.dataDir)
      const first = ledger.acknowledged
      let seen = false
      const load = ledger.load(app, 4, (client) => ledger.put(app, `client ${client}`, noise(random, VALUE)))
      await load.until(() => {
        const { more, less } = look()
        seen ||= more || less
        return ledger.acknowledged >= first + 48 || (moment === 'more' ? more : moment === 'less' ? less : seen)
      }, 6000)
      if (moment === 'later') await sleep(random.int(1, 8))
      await load.kill()
      note(
        `kill -9 after ${ledger.acknowledged - first} writes of 512 KiB, ${seen ? 'when a file came, went or shrank' : 'no file came, went or shrank'}`,
      )
      await app.restart()
      await ledger.checkAfterStart(app, 'kill -9 came while the files were being tidied up')
    }
  })
})
