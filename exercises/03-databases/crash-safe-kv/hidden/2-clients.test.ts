import { expect } from 'vitest'
import { sleep, step, test, together } from 'learn-backend/kit'
import { expectValue, fail, kv, noise, show } from './ledger.ts'
import { put, startPut } from './puts.ts'

// Servers that queue only five connections are common; more at once would be refused.
const CLIENTS = 5

step('concurrent', () => {
  test('many clients at once each get their own value back', async ({ app, random }) => {
    const salt = random.hex(6)
    for (let wave = 0; wave < 6; wave++) {
      const values = Array.from({ length: CLIENTS }, () => random.bytes(random.int(1, 2000)))
      await together(CLIENTS, async (i) => put(app, `${salt}-${wave}-${i}`, values[i] as Buffer))
      const answers = await together(CLIENTS, (i) => app.get(kv(`${salt}-${wave}-${i}`)))
      for (const [i, answer] of answers.entries())
        expectValue(answer, values[i] as Buffer, `${CLIENTS} clients wrote and read at once`)
    }
  })

  test('a client that is slow to send does not hold up the others', async ({ app, random }) => {
    const [slow, fast] = [`slow-${random.hex(6)}`, `fast-${random.hex(6)}`]
    const value = random.bytes(4000)
    await put(app, slow, 'before')
    const connection = await startPut(app, slow, value.length)
    await connection.write(value.subarray(0, 1000))
    await sleep(20)
    // Each of these fails with a timeout if it has to wait for the slow one.
    await put(app, fast, 'quick')
    expectValue(
      await app.get(kv(fast)),
      Buffer.from('quick'),
      'this PUT and GET ran while another client was still sending',
    )
    expectValue(await app.get(kv(slow)), Buffer.from('before'), 'the new value has not arrived yet: the old one counts')
    await connection.write(value.subarray(1000))
    expect(await connection.read(/\r\n/), 'the slow upload is complete now').toMatch(/^HTTP\/1\.[01] 204 /)
    expectValue(await app.get(kv(slow)), value, 'a slow upload is stored like any other')
    connection.destroy()
  })

  test('an upload that breaks off changes nothing', async ({ app, random }) => {
    const [known, fresh] = [`known-${random.hex(6)}`, `fresh-${random.hex(6)}`]
    await put(app, known, 'before')
    for (const size of [5000, 2 << 20]) {
      for (const key of [known, fresh]) {
        const connection = await startPut(app, key, size)
        await connection.write(noise(random, size >> 1))
        await sleep(10)
        connection.destroy()
      }
    }
    for (let pause = 0; pause <= 100; pause += 50) {
      await sleep(pause)
      const why = 'the connection was closed after half of the announced body (Content-Length): do not store what came'
      expectValue(await app.get(kv(known)), Buffer.from('before'), why)
      expect(await app.get(kv(fresh)), why).toHaveStatus(404)
    }
  })

  test('of many writes to one key exactly one wins, whole', async ({ app, random }) => {
    const key = `race-${random.hex(6)}`
    for (let wave = 0; wave < 4; wave++) {
      const values = Array.from({ length: CLIENTS }, (_, i) =>
        Buffer.alloc(random.int(1, 60_000), 65 + CLIENTS * wave + i),
      )
      await together(CLIENTS, async (i) => put(app, key, values[i] as Buffer))
      const first = await app.get(kv(key))
      const winner = values.find((value) => value.equals(first.body))
      const why = `${CLIENTS} clients wrote to one key: two values were mixed, or one was cut, or an older one is still there`
      if (!winner) fail(why, `one of the ${CLIENTS} values`, show(first.body))
      for (let i = 0; i < 3; i++) {
        expectValue(await app.get(kv(key)), winner, 'nobody writes any more, so the value stays the same')
      }
    }
  })
})
