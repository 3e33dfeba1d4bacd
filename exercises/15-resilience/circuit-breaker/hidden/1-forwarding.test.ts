import { expect } from 'vitest'
import { step, test } from 'learn-backend/kit'
import { expectStatus, gate, gateway, inBackground, reachesUpstream, waitFor } from './gateway.ts'

const error = expect.objectContaining({ error: expect.any(String) })

step('status', () => {
  test('GET /status says closed with 0 failures, without asking the upstream', async ({ start, upstream }) => {
    upstream.respond({ json: { state: 'open', failures: 99 } })
    const app = await gateway(start, upstream)
    const answer = await app.get('/status')
    expect(answer).toHaveStatus(200)
    expect(answer).toContainJson({ state: 'closed', failures: 0 })
    expect(upstream.count, 'the gateway itself answers GET /status; the upstream is not asked').toBe(0)
  })

  test('the gateway starts while the upstream is down', async ({ start, upstream }) => {
    await upstream.down()
    const app = await gateway(start, upstream)
    expect(await app.get('/status')).toContainJson({ state: 'closed', failures: 0 })
  })
})

step('forward', () => {
  test('passes a GET on and its answer back', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    const name = encodeURIComponent(`${random.word()} ${random.unicode()}`)
    const path = `/books/${name}?page=${random.int(2, 99)}&q=a%26b%20${random.word()}`
    const book = { title: random.unicode(), pages: random.int(10, 999) }
    upstream.respond({ json: book })
    expect(await app.get(path)).toAnswer(200, book)
    expect(upstream.requests[0]?.method).toBe('GET')
    expect(upstream.requests[0]?.path, 'path and query reach the upstream exactly as they came').toBe(path)
  })

  test('passes a POST on with its body and content-type', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    const order = { item: random.unicode(), amount: random.int(1, 99) }
    const made = { id: random.uuid() }
    upstream.respond({ status: 201, json: made })
    expect(await app.post('/orders', { json: order })).toAnswer(201, made)
    const [seen] = upstream.requests
    expect(seen?.method).toBe('POST')
    expect(seen?.text, 'the body reaches the upstream as it came').toBe(JSON.stringify(order))
    expect(seen?.headers['content-type'], 'content-type goes with the body').toMatch(/^application\/json/)
  })

  test('passes a redirect back and does not follow it', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    upstream.respond(({ path }) =>
      path === '/elsewhere' ? { json: { followed: true } } : { status: 302, headers: { location: '/elsewhere' } },
    )
    expect(await app.get(`/books/${random.word()}`), 'following is for the client to decide').toHaveStatus(302)
    expect(upstream.count, 'one request in, one request on').toBe(1)
  })

  test('changes no byte of a body, in either direction', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    const up = random.bytes(random.int(200_000, 300_000))
    const down = random.bytes(random.int(200_000, 300_000))
    upstream.respond({ headers: { 'content-type': 'image/webp' }, body: down })
    const answer = await app.post('/pictures', { body: up, headers: { 'content-type': 'image/png' } })
    expect(answer).toHaveStatus(200)
    expect(answer).toHaveHeader('content-type', /^image\/webp/)
    expect(difference(answer.body, down), 'the body of the answer: bytes are no text, do not decode them').toBe(
      'the same',
    )
    const sent = upstream.requests[0]?.body ?? Buffer.alloc(0)
    expect(difference(sent, up), 'the body that the upstream got: bytes are no text, do not decode them').toBe(
      'the same',
    )
    expect(upstream.requests[0]?.headers['content-type']).toMatch(/^image\/png/)
  })

  test('passes 4xx and 5xx answers on with their bodies', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    for (const status of [random.pick([400, 401, 403, 404, 409, 422, 429]), random.pick([500, 501, 502, 503, 504])]) {
      const body = { reason: random.words(3) }
      upstream.respond({ status, json: body })
      expect(await app.get(`/books/${status}`)).toAnswer(status, body)
    }
  })

  test('asks the upstream once per request, even if it fails', async ({ start, upstream }) => {
    const app = await gateway(start, upstream)
    upstream.respond({ fault: 'reset' })
    await app.post('/orders', { json: { item: 1 } })
    expect(upstream.count, 'a POST whose connection broke off may have been carried out: never send it again').toBe(1)
    upstream.respond({ status: 503, json: {} })
    await app.get('/books')
    expect(upstream.count, 'no retries: they add load to an upstream that is struggling').toBe(2)
  })

  test('a slow request keeps no other waiting', async ({ start, upstream }) => {
    const app = await gateway(start, upstream)
    const slow = gate()
    upstream.respond(async ({ path }) => {
      if (path.startsWith('/slow')) await slow.opened
      return { json: { path } }
    })
    const waiting = [1, 2, 3, 4, 5].map((i) => inBackground(app.get(`/slow/${i}`, { deadline: 8000 })))
    await reachesUpstream(
      upstream,
      5,
      'five requests came at once: the upstream gets them all, none has to wait for another',
    )
    expect(await app.get('/fast'), 'five slow requests are on their way').toAnswer(200, { path: '/fast' })
    slow.open()
    for (const [i, answer] of waiting.entries()) expect(await answer).toAnswer(200, { path: `/slow/${i + 1}` })
  })
})

step('failures', () => {
  test('502 when the upstream refuses the connection', async ({ start, upstream }) => {
    const app = await gateway(start, upstream)
    await upstream.down()
    expect(await app.get('/books')).toAnswer(502, error)
    await upstream.up()
    upstream.respond({ json: ['back'] })
    expect(await app.get('/books'), 'the upstream is up again').toAnswer(200, ['back'])
  })

  test('502 when the upstream breaks the connection off', async ({ start, upstream }) => {
    const app = await gateway(start, upstream)
    upstream.respond({ fault: 'reset' })
    expect(await app.get('/books')).toAnswer(502, error)
  })

  test('502 when the answer ends before its last byte', async ({ start, upstream, random }) => {
    const app = await gateway(start, upstream)
    upstream.respond({ json: { books: random.words(2000) }, fault: 'truncate' })
    expect(await app.get('/books'), 'the upstream announced more bytes than it sent').toAnswer(502, error)
  })

  test('502 when the upstream does not speak HTTP', async ({ start, upstream }) => {
    const app = await gateway(start, upstream)
    upstream.respond({ fault: 'garbage' })
    expect(await app.get('/books')).toAnswer(502, error)
  })

  test('504 when the upstream does not answer within TIMEOUT_MS', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { timeoutMs: 150 })
    upstream.respond({ fault: 'hang' })
    const answer = await app.get('/books', { deadline: 5000 })
    expect(answer, 'TIMEOUT_MS is 150').toAnswer(504, error)
    expect(answer, 'TIMEOUT_MS is 150: the upstream has that time').toTakeAtLeast(135)
    expect(answer, 'TIMEOUT_MS is 150').toTakeAtMost(2000)
  })

  test('504 when the answer begins in time but is not complete in time', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { timeoutMs: 150 })
    upstream.respond({ body: '.'.repeat(40), drip: 40 })
    const answer = await app.get('/books', { deadline: 8000 })
    expect(
      answer,
      'TIMEOUT_MS is 150. The headers came at once, then a byte every 40 ms: the time limit must hold until the last byte',
    ).toAnswer(504, error)
  })

  test('closes the connection to the upstream when the time is over', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { timeoutMs: 100 })
    upstream.respond({ fault: 'hang' })
    const clients = [app.get('/books'), app.post('/books', { json: [] })]
    for (const answer of await Promise.all(clients)) expect(answer).toHaveStatus(504)
    await waitFor(() => upstream.inFlight === 0)
    const why =
      'the two clients got their 504, but their requests to the upstream are still open: cancel them, or they pile up'
    expect(upstream.inFlight, why).toBe(0)
  })

  test('an answer that comes slowly, but in time, is passed on', async ({ start, upstream }) => {
    const app = await gateway(start, upstream, { timeoutMs: 5000 })
    upstream.respond({ json: { slow: true }, delay: 100 })
    expect(await app.get('/books'), 'TIMEOUT_MS is 5000, the answer came after 100 ms').toAnswer(200, { slow: true })
    await expectStatus(app, { state: 'closed', failures: 0 }, 'the only answer came in time')
  })
})

function difference(got: Buffer, right: Buffer): string {
  if (got.equals(right)) return 'the same'
  const at = right.findIndex((byte, i) => got[i] !== byte)
  return `${got.length} bytes instead of ${right.length}, different from byte ${at < 0 ? right.length : at}`
}
