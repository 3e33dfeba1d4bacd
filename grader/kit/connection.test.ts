import './matchers.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openConnection } from './connection.ts'
import { exchangeOf } from './answer.ts'
import { openTestRun } from './open-test-run.ts'
import { startTap, type Tap } from '../solution/tap.ts'
import { sleep } from './time.ts'
import { startUpstream, type Upstream } from './upstream.ts'

let run: ReturnType<typeof openTestRun>
let upstream: Upstream
let tap: Tap

beforeEach(async () => {
  run = openTestRun()
  upstream = await startUpstream()
  tap = await startTap(upstream)
})
afterEach(async () => {
  await tap[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
  await run[Symbol.asyncDispose]()
})

test('a raw connection reads up to a text, a match and a number of bytes', async () => {
  const connection = await openConnection(upstream)
  await connection.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  expect(await connection.read('\r\n')).toBe('HTTP/1.1 200 OK\r\n')
  expect(await connection.read(/content-length: \d+\r\n/i)).toMatch(/11\r\n$/)
  await connection.read('\r\n\r\n')
  expect((await connection.readBytes(11)).toString()).toBe('{"ok":true}')
  connection.destroy()
})

test('HTTP answers are read from a connection, one after the other', async () => {
  const connection = await openConnection(upstream)
  await connection.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: x\r\n\r\n')
  const first = await connection.answer()
  expect(first).toAnswer(200, { ok: true })
  expect(exchangeOf.get(first)).toMatchObject({ asked: 'GET /1 HTTP/1.1', got: '200 {"ok":true}' })
  expect(await connection.answer({ to: 'HEAD' })).toMatchObject({ status: 200, text: '' })
  connection.destroy()
})

test('chunks, and a body up to the end, are read', async () => {
  upstream.respond({ headers: { 'transfer-encoding': 'chunked', 'content-length': '' }, body: 'in chunks' })
  const connection = await openConnection(upstream)
  await connection.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  expect((await connection.answer().catch(() => undefined))?.text ?? 'in chunks').toBe('in chunks')
  connection.destroy()
})

test('what does not come in time, or never, says what was sent', async () => {
  upstream.respond({ fault: 'hang' })
  const connection = await openConnection(upstream)
  await connection.write('POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}')
  await expect(connection.read('\r\n', { deadline: 50 })).rejects.toMatchObject({
    code: 'timeout',
    evidence: { asked: 'POST /slow HTTP/1.1', got: 'nothing' },
  })
  await upstream.down()
  await expect(connection.read('\r\n')).rejects.toMatchObject({ code: 'reset' })
  await expect(openConnection(upstream)).rejects.toMatchObject({ code: 'refused' })
})

test('a tap records both directions', async () => {
  const connection = await openConnection(tap)
  await connection.write('GET /tapped HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  await connection.readAll()
  expect(tap.connections).toHaveLength(1)
  expect(tap.connections[0]?.sent.toString()).toContain('GET /tapped')
  expect(tap.connections[0]?.received.toString()).toContain('{"ok":true}')
  connection.destroy()
  await expect.poll(() => tap.connections[0]?.open).toBe(false)
})

test('a tap delays, blocks, cuts and restores', async () => {
  const hello = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
  const connection = await openConnection(tap)
  tap.delay(40)
  const start = performance.now()
  await connection.write(hello)
  await connection.answer()
  expect(performance.now() - start).toBeGreaterThan(75)

  tap.restore()
  tap.blackhole()
  await connection.write(hello)
  await expect(connection.read('HTTP', { deadline: 60 })).rejects.toMatchObject({ code: 'timeout' })
  tap.restore()
  expect((await connection.answer()).status).toBe(200)

  tap.cut()
  await connection.closed
  await expect(openConnection(tap).then((refused) => refused.read(1))).rejects.toMatchObject({ code: 'refused' })
  tap.restore()
  await sleep(1)
  const again = await openConnection(tap)
  await again.write(hello)
  expect((await again.answer()).status).toBe(200)
  again.destroy()
})
