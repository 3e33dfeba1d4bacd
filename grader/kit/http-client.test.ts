import './matchers.ts'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SolutionFailure } from './evidence.ts'
import { exchangeOf } from './answer.ts'
import { request } from './http-client.ts'
import { openTestRun } from './open-test-run.ts'
import { startUpstream, type Upstream } from './upstream.ts'

let run: ReturnType<typeof openTestRun>
let upstream: Upstream
const servers: Server[] = []

beforeEach(async () => {
  run = openTestRun()
  upstream = await startUpstream()
})
afterEach(async () => {
  await upstream[Symbol.asyncDispose]()
  for (const server of servers.splice(0)) server.close()
  await run[Symbol.asyncDispose]()
})

const ask = (method: string, path: string, options = {}) =>
  request({ host: '127.0.0.1', port: upstream.port }, method, path, options)

/** A server that says exactly these bytes to whoever connects. */
async function sayOnly(bytes: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(bytes))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function failureOf(promise: Promise<unknown>): Promise<SolutionFailure> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SolutionFailure)
  return error as SolutionFailure
}

test('an answer has status, headers by lower-case name, bytes, text and JSON', async () => {
  upstream.respond({ status: 201, headers: { 'X-Thing': 'a', Location: '/x' }, json: { name: 'Zoë' } })
  const answer = await ask('POST', '/things?a=%20b', { json: { sent: true } })
  expect(answer).toMatchObject({
    status: 201,
    statusText: 'Created',
    headers: { 'x-thing': 'a', location: '/x' },
    text: '{"name":"Zoë"}',
  })
  expect(answer.json).toEqual({ name: 'Zoë' })
  expect(upstream.requests[0]).toMatchObject({
    method: 'POST',
    path: '/things?a=%20b',
    text: '{"sent":true}',
    headers: { 'content-type': 'application/json' },
  })
})

test('evidence says what was asked and how to ask again', async () => {
  const answer = await ask('PUT', "/it's", { json: { a: 1 }, headers: { 'If-Match': '"1"' } })
  expect(exchangeOf.get(answer)).toEqual({
    asked: "PUT /it's",
    sent: 'if-match: "1"\n{"a":1}',
    replay: `curl -i -X PUT 'http://127.0.0.1:4000/it'\\''s' -H 'content-type: application/json' -H 'if-match: "1"' --data-binary '{"a":1}'`,
    got: '200 {"ok":true}',
  })
})

test('repeated headers are joined, and stay apart in rawHeaders', async () => {
  const port = await sayOnly(
    'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  )
  const answer = await request({ host: '127.0.0.1', port }, 'GET', '/')
  expect(answer.headers['set-cookie']).toBe('a=1, b=2')
  expect(answer.rawHeaders.slice(0, 2)).toEqual([
    ['Set-Cookie', 'a=1'],
    ['set-cookie', 'b=2'],
  ])
})

test('no answer in time, no listener, and a reset are told apart', async () => {
  upstream.respond({ fault: 'hang' })
  expect(await failureOf(ask('GET', '/', { deadline: 60 }))).toMatchObject({
    code: 'timeout',
    evidence: { asked: 'GET /', got: 'nothing within 60 ms' },
  })
  upstream.respond({ fault: 'reset' })
  expect(await failureOf(ask('GET', '/'))).toMatchObject({ code: 'reset' })
  await upstream.down()
  expect(await failureOf(ask('GET', '/'))).toMatchObject({ code: 'refused' })
  await upstream.up()
  upstream.reset()
  expect((await ask('GET', '/')).status).toBe(200)
})

test('bytes that are not HTTP are shown', async () => {
  upstream.respond({ fault: 'garbage' })
  const failure = await failureOf(ask('GET', '/'))
  expect(failure.code).toBe('malformed')
  expect(failure.evidence.got).toContain('this is not HTTP')
})

test('a wrong Content-Length is called by its name, in both directions', async () => {
  const short = await sayOnly('HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc')
  expect((await failureOf(request({ host: '127.0.0.1', port: short }, 'GET', '/'))).message).toBe(
    'Content-Length says 10 bytes, but only 3 came.',
  )
  const long = await sayOnly('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabcdef')
  expect((await failureOf(request({ host: '127.0.0.1', port: long }, 'GET', '/'))).message).toMatch(
    /More bytes came than Content-Length \(3\)/,
  )
})

test('a body beyond the limit ends the request', async () => {
  upstream.respond({ body: Buffer.alloc(100 * 1024) })
  expect(await failureOf(ask('GET', '/'))).toMatchObject({ code: 'too_large' })
})

test('a body that is not JSON says so with the exchange', async () => {
  upstream.respond({ body: '<p>hello' })
  const answer = await ask('GET', '/')
  expect(() => answer.json as unknown).toThrow(SolutionFailure)
})

test('binary and big bodies are described, not printed', async () => {
  upstream.respond({ body: Buffer.from([0, 255, 1]) })
  expect(exchangeOf.get(await ask('GET', '/'))?.got).toBe('200 3 bytes: 00ff01')
  upstream.respond({ body: 'é'.repeat(5000) })
  expect(exchangeOf.get(await ask('GET', '/'))?.got).toMatch(/^200 é{600}… \(10000 bytes\)$/)
  const sent = await ask('PUT', '/', { body: Buffer.alloc(3000, 7) })
  expect(exchangeOf.get(sent)?.sent).toMatch(/^\u0007{600}… \(3000 bytes\)$/)
  expect(exchangeOf.get(sent)?.replay).toBeUndefined()
})

test('a caller can go away', async () => {
  upstream.respond({ fault: 'hang' })
  const away = new AbortController()
  const asked = ask('GET', '/', { signal: away.signal })
  await expect.poll(() => upstream.inFlight).toBe(1)
  away.abort()
  await expect(asked).rejects.toThrow()
  await expect.poll(() => upstream.requests[0]?.aborted).toBe(true)
})

test('an upstream drips its body, counts what is in flight, and truncates', async () => {
  upstream.respond({ body: 'abc', drip: 10 })
  const answers = await Promise.all([ask('GET', '/1'), ask('GET', '/2')])
  expect(answers.map(({ text }) => text)).toEqual(['abc', 'abc'])
  expect(answers[0]?.ms).toBeGreaterThan(20)
  expect(upstream).toMatchObject({ count: 2, inFlight: 0, maxInFlight: 2 })
  upstream.respond({ body: 'abcdef', fault: 'truncate' })
  expect((await failureOf(ask('GET', '/'))).message).toBe('Content-Length says 6 bytes, but only 3 came.')
})

test('matchers fail with what was expected and what came', async () => {
  upstream.respond({ json: { b: 2, a: 'one' } })
  const answer = await ask('GET', '/x')
  expect(answer).toAnswer(200, { a: 'one', b: 2 })
  expect(answer).toAnswer(200, { a: expect.any(String), b: expect.any(Number) })
  expect(answer).toContainJson({ b: 2 })
  expect(answer).toHaveStatus([200, 204])
  expect(answer).toHaveHeader('Content-Type', /json/)
  expect(answer).not.toHaveHeader('etag')
  const evidence = (assertion: () => void) => {
    try {
      assertion()
    } catch (error) {
      return (error as { __vitest_error_context__: { meta: { evidence: object } } }).__vitest_error_context__.meta
        .evidence
    }
    throw new Error('it did not fail')
  }
  expect(evidence(() => expect(answer).toAnswer(200, { a: 'two', b: expect.any(Number) }))).toMatchObject({
    asked: 'GET /x',
    expected: '200 {"a":"two","b":<any number>}',
    got: '200 {"a":"one","b":2}',
  })
  expect(evidence(() => expect(answer).toHaveStatus(404))).toMatchObject({ expected: 'status 404' })
  expect(evidence(() => expect(answer).toHaveHeader('etag'))).toMatchObject({ got: '200 without a header etag' })
  expect(evidence(() => expect(answer).not.toHaveStatus(200))).toMatchObject({ expected: 'not status 200' })
})
