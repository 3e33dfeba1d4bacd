import { isIP } from 'node:net'
import { expect } from 'vitest'
import { step, test, together } from 'learn-backend/kit'
import { all, balanceWith, counts, error, onlyRequest, tell, total } from './balancer.ts'

step('health', () => {
  test('the balancer says by itself that it is alive', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const answer = await lb.get('/lb-health')
    expect(answer).toAnswer(200, { status: 'ok' })
    expect(answer).toHaveHeader('content-type', /^application\/json/)
    tell(backends)
    expect(total(backends), 'the balancer itself answers GET /lb-health; no backend is asked').toBe(0)
  })

  test('it is alive even if no backend is', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (const backend of backends) await backend.down()
    expect(await lb.get('/lb-health'), 'all three backends are down').toAnswer(200, { status: 'ok' })
  })
})

step('forward', () => {
  test('passes requests on and answers back', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const backend of backends) backend.reset()
      const sent = { title: random.unicode(), pages: random.int(10, 999) }
      const made = { id: random.uuid(), by: method }
      all(backends, { status: 201, json: made, headers: { 'x-shop': random.word(), location: `/books/${made.id}` } })
      const options = method === 'GET' ? {} : { json: sent }
      const answer = await lb.request(method, `/books/${random.word()}`, options)
      expect(answer).toAnswer(201, made)
      expect(answer).toHaveHeader('location', `/books/${made.id}`)
      expect(answer, 'headers of the backend come back with its answer').toHaveHeader('x-shop')
      expect(answer).toHaveHeader('content-type', /^application\/json/)
      const seen = onlyRequest(backends)
      expect(seen.method).toBe(method)
      expect(seen.text, 'the body reaches the backend as it came').toBe(method === 'GET' ? '' : JSON.stringify(sent))
    }
  })

  test('path and query stay as they came', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const [a, b] = [random.word(), encodeURIComponent(`${random.word()} ${random.unicode()}`)]
    const paths = [
      '/',
      `/${a}/?page=${random.int(2, 99)}&q=a%26b%20c+d&q=`,
      `/files/${a}%2F${b}`,
      `//${a}//${b}/`,
      `/${a}?next=http://${a}.example/%3Fx`,
    ]
    for (const path of paths) {
      for (const backend of backends) backend.reset()
      expect(await lb.get(path)).toHaveStatus(200)
      expect(
        onlyRequest(backends).path,
        'the backend gets path and query exactly as they came: not decoded, nothing merged (look for a path after the name in proxy_pass)',
      ).toBe(path)
    }
  })

  test('every backend gets its share of the requests', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (let i = 0; i < 3; i++) {
      const answers = await together(30, (n) => lb.get(`/books/${i}/${n}`))
      for (const answer of answers) expect(answer).toHaveStatus(200)
    }
    tell(backends)
    expect(total(backends), '90 requests came in (requests at all backends together)').toBe(90)
    expect(
      Math.min(...counts(backends)),
      `90 requests without a session cookie, all from one address: the backends got ${counts(backends).join(', ')}. Each must get at least 10`,
    ).toBeGreaterThanOrEqual(10)
  })

  test('errors of a backend are passed on as they are', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (const status of [400, 401, 403, 404, 409, 413, 422, 429, 500, 501]) {
      for (const backend of backends) backend.reset()
      const body = { reason: random.words(3) }
      all(backends, { status, json: body })
      expect(await lb.get(`/books/${status}`), 'this is what the backend said').toAnswer(status, body)
      onlyRequest(backends)
    }
  })
})

step('bodies', () => {
  test('bodies of some MiB pass unchanged, up and down', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const piece = random.bytes(50_021)
    const up = Buffer.concat(Array.from({ length: random.int(150, 190) }, () => piece))
    const down = Buffer.concat(Array.from({ length: random.int(50, 70) }, () => piece.subarray(7)))
    all(backends, { body: down, headers: { 'content-type': 'image/webp' } })
    const answer = await lb.post('/pictures', { body: up, headers: { 'content-type': 'image/png' }, deadline: 8000 })
    expect(answer, `the body has ${up.length} bytes, 10 MiB are ${10 << 20}`).toHaveStatus(200)
    expect(difference(answer.body, down), 'the body of the answer').toBe('the same')
    const seen = onlyRequest(backends)
    expect(difference(seen.body, up), 'the body that the backend got').toBe('the same')
    expect(seen.headers['content-type']).toBe('image/png')
  })

  test('a body over 10 MiB is refused with 413', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const client = await lb.connect()
    await client.write(`POST /pictures HTTP/1.1\r\nHost: shop.example\r\nContent-Length: ${(10 << 20) + 1}\r\n\r\n`)
    const answer = await client.answer()
    client.destroy()
    expect(answer, 'Content-Length is 10 MiB and one byte').toAnswer(413, error)
    expect(answer, "the balancer's own errors are JSON").toHaveHeader('content-type', /^application\/json/)
    tell(backends)
    expect(total(backends), 'no backend sees a body that is too large').toBe(0)
  })

  test('a slow upload occupies no backend', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const body = random.hex(40_000)
    const client = await lb.connect()
    await client.write(
      `POST /pictures HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
    )
    await client.write(body.slice(0, 30_000))
    // Another request, which takes the same way and so must arrive after what would have been passed on.
    for (let i = 0; i < 9; i++) expect(await lb.get(`/meanwhile/${i}`)).toHaveStatus(200)
    tell(backends)
    const early = backends.flatMap(({ requests }) => requests).filter(({ method }) => method === 'POST')
    expect(
      early.length,
      'three quarters of a body have come, and a backend is already waiting for the rest: collect the whole body first',
    ).toBe(0)
    await client.write(body.slice(30_000))
    expect(await client.answer(), 'now the body is complete').toHaveStatus(200)
    const seen = backends.flatMap(({ requests }) => requests).find(({ method }) => method === 'POST')
    expect(seen?.text, 'the body that the backend got').toBe(body)
  })
})

step('headers', () => {
  test('Host stays what the client asked for', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    await lb.get('/books')
    expect(onlyRequest(backends).headers['host'], 'Host at the backend, with its port').toBe(`${lb.host}:${lb.port}`)
    for (const host of [`${random.word()}.example`, `${random.word()}.example:8080`]) {
      for (const backend of backends) backend.reset()
      await lb.get('/books', { headers: { host } })
      expect(onlyRequest(backends).headers['host'], 'Host at the backend').toBe(host)
    }
  })

  test('X-Forwarded-For is the address of the client, whatever it claims', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const forged = `203.0.113.${random.int(1, 254)}`
    for (const claim of [undefined, forged, `${forged}, 10.0.0.1`, 'unknown', '<script>']) {
      for (const backend of backends) backend.reset()
      await lb.get('/books', claim === undefined ? {} : { headers: { 'x-forwarded-for': claim } })
      const seen = onlyRequest(backends).headers['x-forwarded-for'] ?? 'no X-Forwarded-For'
      const why =
        claim === undefined
          ? 'X-Forwarded-For at the backend is the one address from which the client is connected'
          : `the client sent "X-Forwarded-For: ${claim}". Nobody before this balancer is to be trusted: nothing of it may reach a backend`
      // Through Docker, a client comes from the address of a bridge.
      if (nginx.driver === 'native') expect(seen.replace('::ffff:', ''), why).toBe('127.0.0.1')
      else expect(isIP(seen) > 0 && seen !== forged, `${why} (it got "${seen}")`).toBe(true)
    }
  })

  test('X-Forwarded-Proto is the truth, too', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (const headers of [{}, { 'x-forwarded-proto': 'https' }]) {
      for (const backend of backends) backend.reset()
      await lb.get('/books', { headers })
      expect(
        onlyRequest(backends).headers['x-forwarded-proto'],
        `the client speaks plain HTTP; it sent ${JSON.stringify(headers)}`,
      ).toBe('http')
    }
  })

  test('nothing that a client says about its way reaches a backend', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const lie = `${random.word()}.evil.example`
    const headers = { 'x-forwarded-host': lie, 'x-real-ip': '203.0.113.7', forwarded: `for=203.0.113.7;host=${lie}` }
    await lb.get('/books', { headers })
    const seen = onlyRequest(backends)
    for (const [name, value] of Object.entries(headers)) {
      expect(seen.headers[name] ?? 'none', `${name} at the backend: the client made it up`).not.toContain(value)
    }
  })

  test('all other headers of a client pass', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const headers = {
      accept: 'text/plain;q=0.5',
      'accept-language': 'de',
      authorization: `Bearer ${random.hex(20)}`,
      cookie: `theme=${random.word()}; session=${random.hex(12)}`,
      'user-agent': random.word(),
      'idempotency-key': random.uuid(),
    }
    await lb.get('/books', { headers })
    expect(onlyRequest(backends).headers).toMatchObject(headers)
  })

  test('every request has an id, at the backend and in the answer', async ({ nginx, newUpstream }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const ids = new Set<string>()
    for (let i = 0; i < 4; i++) {
      for (const backend of backends) backend.reset()
      all(backends, { status: i === 3 ? 500 : 200, json: {} })
      const answer = await lb.get('/books')
      expect(answer).toHaveHeader('x-request-id', /^[A-Za-z0-9-]{8,64}$/)
      const id = answer.headers['x-request-id']!
      expect(onlyRequest(backends).headers['x-request-id'], 'the id at the backend is the one in the answer').toBe(id)
      ids.add(id)
    }
    expect(ids.size, '4 requests have 4 different ids').toBe(4)
  })

  test('a good id of the client is kept, a bad one is replaced', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    const good = [random.uuid(), random.hex(8), random.hex(64), `Trace-${random.int(100, 999)}`]
    const bad = [
      random.hex(7),
      random.hex(65),
      `${random.hex(12)} status=200`,
      `${random.hex(8)}"}`,
      `${random.hex(8)}_${random.hex(8)}`,
      `<b>${random.hex(8)}</b>`,
    ]
    for (const id of [...good, ...bad]) {
      for (const backend of backends) backend.reset()
      const answer = await lb.get('/books', { headers: { 'x-request-id': id } })
      const seen = onlyRequest(backends).headers['x-request-id']
      if (good.includes(id)) {
        expect(seen, 'a good id of the client goes to the backend').toBe(id)
        expect(answer, 'and back to the client').toHaveHeader('x-request-id', id)
      } else {
        expect(seen, `the client sent the id ${id}, which is not 8 to 64 letters, digits and -`).toMatch(
          /^[A-Za-z0-9-]{8,64}$/,
        )
        expect(answer, 'the new id, not the bad one').toHaveHeader('x-request-id', seen ?? '')
      }
    }
  })

  test("the balancer's own errors have an id, too", async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    for (const backend of backends) await backend.down()
    const id = random.uuid()
    const answer = await lb.get('/books', { headers: { 'x-request-id': id } })
    expect(answer, 'all three backends are down').toHaveStatus([500, 502, 503, 504])
    expect(
      answer,
      'an error is what people will ask about: name the request in it (an add_header in a location replaces those of the server)',
    ).toHaveHeader('x-request-id', id)
  })

  test('an answer has one id, even if the backend sets one', async ({ nginx, newUpstream, random }) => {
    const { lb, backends } = await balanceWith({ nginx, newUpstream })()
    all(backends, { json: {}, headers: { 'x-request-id': `backend-${random.hex(8)}` } })
    const id = random.uuid()
    const answer = await lb.get('/books', { headers: { 'x-request-id': id } })
    expect(answer, 'the id of the request, once').toHaveHeader('x-request-id', id)
  })
})

function difference(got: Buffer, right: Buffer): string {
  if (got.equals(right)) return 'the same'
  const at = right.findIndex((byte, i) => got[i] !== byte)
  return `${got.length} bytes instead of ${right.length}, different from byte ${at < 0 ? right.length : at}`
}
