import { expect } from 'vitest'
import type { App } from 'learn-backend/kit'
import { note, sleep, step, test, together } from 'learn-backend/kit'
import { filesChanged, fingerprint, ignoreKill, killAtOnce, killDuringWrite } from './disk.ts'
import { expectValue, kv, Ledger, noise, show } from './ledger.ts'
import { startPut } from './puts.ts'

// Servers that queue only five connections are common; more at once would be refused.
const CLIENTS = 5

step('restart', () => {
  test('after SIGTERM and a new start everything is as it was', async ({ start, random }) => {
    const app = await start()
    const ledger = new Ledger()
    const names = [
      '',
      '__proto__',
      'constructor',
      '../x',
      'a/b',
      'a\nb\r\n',
      'a,b"c\'d',
      '\u00e9',
      'e\u0301',
      '🔑',
      'k'.repeat(500),
    ]
    for (const name of names) {
      await ledger.put(app, `${name}+`, random.bytes(random.int(1, 300)))
    }
    const tricky = [
      Buffer.from('\n'),
      Buffer.from('a\n\nb\r\n'),
      Buffer.from([0]),
      Buffer.from([0xff, 0xfe, 0xfd]),
      noise(random, 300_000),
    ]
    for (const [i, value] of tricky.entries()) await ledger.put(app, `value-${i}`, value)

    await ledger.check(app, 'before any restart')
    await app.stop({ deadline: 5000 })
    await app.restart()
    await ledger.checkAfterStart(app, 'after a stop by SIGTERM and a new start with the same DATA_DIR')
  })

  test('an empty value, an overwritten and a deleted one stay so', async ({ start, random }) => {
    const app = await start()
    const ledger = new Ledger()
    await ledger.put(app, 'empty', Buffer.alloc(0))
    await ledger.put(app, 'emptied', random.bytes(20))
    await ledger.put(app, 'emptied', Buffer.alloc(0))
    for (let i = 0; i < 3; i++) await ledger.put(app, 'overwritten', random.bytes(40 - 10 * i))
    await ledger.put(app, 'deleted', random.bytes(20))
    await ledger.remove(app, 'deleted')
    await ledger.put(app, 'back', random.bytes(20))
    await ledger.remove(app, 'back')
    await ledger.put(app, 'back', random.bytes(20))
    await ledger.remove(app, 'never')
    for (const nth of ['first', 'second']) {
      await app.stop({ deadline: 5000 })
      await app.restart()
      await ledger.checkAfterStart(app, `after the ${nth} stop by SIGTERM and start`)
      await ledger.put(app, `written after the ${nth} start`, random.bytes(20))
      await ledger.put(app, 'overwritten', random.bytes(15))
      if (nth === 'first') await ledger.remove(app, 'back')
    }
    await ledger.check(app, 'written and read after two restarts')
  })

  test('the data lies in DATA_DIR and nowhere else', async ({ start, random }) => {
    const one = await start()
    const [first, second] = [new Ledger(), new Ledger()]
    await first.put(one, 'shared', random.bytes(30))
    await first.put(one, 'only in the first', random.bytes(30))
    const two = await start()
    const why = 'two stores run at once, each with a DATA_DIR of its own'
    expect(await two.get(kv('only in the first')), `${why}: the second one is new`).toHaveStatus(404)
    await second.put(two, 'shared', random.bytes(30))
    await one.stop({ deadline: 5000 })
    await one.restart()
    await first.checkAfterStart(one, why)
    await second.check(two, why)
  })
})

step('crash', () => {
  test('the last acknowledged write survives', async ({ start, random }) => {
    const app = await start()
    const ledger = new Ledger()
    await ledger.put(app, 'doomed', random.bytes(100))
    const last: [string, () => Promise<void>][] = [
      ['a small PUT', () => ledger.put(app, 'small', random.bytes(30))],
      ['a DELETE', () => ledger.remove(app, 'doomed')],
    ]
    const why = (what: string) =>
      `the last request before the kill -9 was ${what}, answered with 204: the answer must wait until the data is in the file`
    for (const [what, write] of last) {
      await write()
      await killAtOnce(app)
      await app.restart()
      await ledger.checkAfterStart(app, why(what))
    }

    // By hand, to kill it within the same millisecond.
    const value = noise(random, 7 << 20)
    const commit = ledger.begin([['large', value]])
    const connection = await startPut(app, 'large', value.length)
    const sent = connection.write(value).catch(ignoreKill)
    const head = await connection.read('\r\n')
    app.signal('SIGKILL')
    expect(head, 'a PUT of 7 MiB').toMatch(/^HTTP\/1\.[01] 204 /)
    commit()
    await sent
    connection.destroy()
    await app.restart()
    await ledger.checkAfterStart(app, why('a PUT of 7 MiB'))
  })

  test('every acknowledged write survives, with many clients at once', async ({ start, random }) => {
    const app = await start()
    const ledger = new Ledger()
    for (let life = 1; life <= 2; life++) {
      const before = ledger.acknowledged
      const load = ledger.load(app, CLIENTS, async (client, round) => {
        const key = `client ${client} key ${round % 3}`
        if (random.bool(0.15)) await ledger.remove(app, key)
        else await ledger.put(app, key, random.bytes(random.int(0, 1500)))
      })
      const enough = before + random.int(40, 80)
      await load.until(() => ledger.acknowledged >= enough, 3000)
      await load.kill()
      note(`kill -9 after ${ledger.acknowledged - before} acknowledged writes of ${CLIENTS} clients`)
      await app.restart()
      await ledger.checkAfterStart(app, `after kill -9 number ${life}, while ${CLIENTS} clients were writing`)
    }
  })

  test('a write that was cut off by the kill has happened completely or not at all', async ({ start, random }) => {
    for (const delay of [0, 2]) {
      const app = await start()
      const ledger = new Ledger()
      await ledger.put(app, 'bystander', random.bytes(1000))
      await ledger.put(app, 'target', noise(random, 200_000))
      const value = noise(random, (8 << 20) - random.int(0, 1000))
      await killDuringWrite(app, delay, () => ledger.put(app, 'target', value))
      await app.restart()
      await ledger.checkAfterStart(app, 'kill -9 came when a PUT of 8 MiB began to change the files in DATA_DIR')
      await app.kill()
    }
  })

  test('a value that a GET has answered is not taken back', async ({ start, random }) => {
    const app = await start()
    const large = noise(random, 8 << 20)
    // A large value, whose writing takes some time, and a small one, which comes while large ones are being written.
    for (const crowd of [0, 2]) {
      const key = `seen among ${crowd}`
      const value = crowd === 0 ? large : random.bytes(100)
      const since = fingerprint(app.dataDir)
      let over = false
      const others = Array.from({ length: crowd }, (_, i) =>
        app.put(kv(`other ${i}`), { body: large }).catch(ignoreKill),
      )
      void Promise.all(others).finally(() => (over = true))
      if (crowd > 0) await filesChanged(app, since, () => over)
      const write = app.put(kv(key), { body: value }).catch(ignoreKill)
      const status = await firstStatusBut404(app, key)
      await killAtOnce(app)
      await Promise.all([...others, write])
      expect(status, 'GET while the PUT is on its way answers 404, or 200 with the new value').toMatch(/^(200|none)$/)
      await app.restart()
      const why =
        'a GET had answered 200 for this key before the kill -9: show a value only when it is safe on the disk'
      if (status === '200') expectValue(await app.get(kv(key)), value, why)
    }
  })

  test('of several writes to one key the same one wins before and after', async ({ start, random }) => {
    const app = await start()
    const keys = Array.from({ length: 10 }, (_, i) => `race-${i}`)
    for (const key of keys) {
      await together(CLIENTS, async (i) => {
        const value = i % 4 === 0 ? noise(random, random.int(50_000, 200_000)) : random.bytes(random.int(1, 50))
        expect(await app.put(kv(key), { body: value })).toHaveStatus(204)
      })
    }
    const before = await winners(app, keys)
    await app.kill()
    await app.restart()
    for (const key of keys) {
      const why = `before the kill -9 the value was ${show(before.get(key))}: memory and files disagree about which of ${CLIENTS} simultaneous writes came last`
      expectValue(await app.get(kv(key)), before.get(key) as Buffer, why)
    }
  })
})

/** Asks again and again, and does not wait for the body. */
async function firstStatusBut404(app: App, key: string): Promise<string> {
  const end = Date.now() + 4000
  while (Date.now() < end) {
    const connection = await app.connect()
    await connection.write(`GET ${kv(key)} HTTP/1.1\r\nHost: ${app.host}:${app.port}\r\nConnection: close\r\n\r\n`)
    const head = await connection.read(/\r\n/)
    connection.destroy()
    const status = head.split(' ')[1] ?? head
    if (status !== '404') return status
    await sleep(1)
  }
  return 'none'
}

async function winners(app: App, keys: string[]): Promise<Map<string, Buffer>> {
  const values = new Map<string, Buffer>()
  for (const key of keys) {
    const answer = await app.get(kv(key))
    expect(answer).toHaveStatus(200)
    values.set(key, answer.body)
  }
  return values
}
