import { expect } from 'vitest'
import { step, together } from 'learn-backend/kit'
import { makePuzzle } from './puzzle.ts'
import { anError, clientsOf, test, waitFor } from './service.ts'

step('solve', () => {
  test('GET /health answers 200 and {"status":"ok"}', async ({ app }) => {
    expect(await app.get('/health')).toAnswer(200, { status: 'ok' })
  })

  test('solves small puzzles', async ({ app, random }) => {
    expect(await app.get('/solve?base=7&modulus=101&squarings=3')).toAnswer(200, { result: '24' })
    const [base, modulus] = [random.int(2, 999_999), random.int(1000, 999_999)]
    const once = String((BigInt(base) * BigInt(base)) % BigInt(modulus))
    expect(await app.get(`/solve?base=${base}&modulus=${modulus}&squarings=1`)).toAnswer(200, { result: once })
    expect(await app.get('/solve?base=0&modulus=2&squarings=5'), '0 squared is 0').toAnswer(200, { result: '0' })
  })

  test('solves puzzles of many digits', async ({ app, random }) => {
    for (const squarings of [1, 2, random.int(1000, 3000)]) {
      const puzzle = makePuzzle(random)
      expect(await app.get(puzzle.path(squarings)), 'no digit may be lost').toAnswer(200, {
        result: puzzle.result(squarings),
      })
    }
  })

  test('gives each of three clients the result of its own puzzle', async ({ app, random }) => {
    const puzzles = Array.from({ length: 3 }, () => ({ ...makePuzzle(random), squarings: random.int(500, 3000) }))
    const answers = await together(3, (i) => app.get(puzzles[i]!.path(puzzles[i]!.squarings)))
    for (const [i, { result, squarings }] of puzzles.entries()) {
      expect(answers[i], 'three puzzles were asked for at once').toAnswer(200, { result: result(squarings) })
    }
  })

  test('refuses what is not a puzzle', async ({ app, random }) => {
    const word = random.word()
    for (const query of [
      '',
      '?base=7&modulus=101',
      '?base=7&squarings=3',
      '?modulus=101&squarings=3',
      '?base=&modulus=101&squarings=3',
      `?base=${word}&modulus=101&squarings=3`,
      '?base=-7&modulus=101&squarings=3',
      '?base=7&modulus=0&squarings=3',
      '?base=7&modulus=1&squarings=3',
      `?base=7&modulus=101${word}&squarings=3`,
      '?base=7&modulus=101&squarings=0',
      '?base=7&modulus=101&squarings=1.5',
      '?base=7&modulus=101&squarings=1000000001',
      `?base=7&modulus=${'9'.repeat(201)}&squarings=3`,
    ]) {
      expect(await app.get(`/solve${query}`), 'see "Solve" for what makes a puzzle').toAnswer(400, anError)
    }
  })
})

step('lookup', () => {
  test('passes on what the upstream says', async ({ app, upstream, random }) => {
    const id = `${random.word()}-${random.int(1, 999)}`
    const said = { id, name: random.unicode(), list: [random.int(1, 99), null, true] }
    upstream.respond({ json: said })
    expect(await app.get(`/lookup/${id}`)).toAnswer(200, said)
    expect(
      upstream.requests.map(({ method, path }) => `${method} ${path}`),
      'the upstream is asked once',
    ).toEqual([`GET /lookup/${id}`])
  })

  test('answers 502 when the upstream has no good answer', async ({ app, upstream, random }) => {
    for (const status of [404, random.pick([500, 503])]) {
      upstream.respond({ status, json: { error: random.words(2) } })
      expect(await app.get(`/lookup/${random.word()}`), `the upstream answered ${status}`).toAnswer(502, anError)
    }
    upstream.respond({ fault: 'reset' })
    expect(await app.get(`/lookup/${random.word()}`), 'the upstream broke the connection').toAnswer(502, anError)
    await upstream.down()
    expect(await app.get(`/lookup/${random.word()}`), 'nothing listens there').toAnswer(502, anError)
  })

  test('forty lookups are with the upstream at the same time', async ({ app, upstream, random }) => {
    const slow = gate()
    upstream.respond(async ({ path }) => {
      await slow.opened
      return { json: { path } }
    })
    const names = Array.from({ length: 40 }, (_, i) => `${random.word()}-${i}`)
    await using clients = clientsOf(app)
    const asked = names.map((name) => clients.ask(`/lookup/${name}`))
    await waitFor(() => upstream.inFlight === 40, 6000)
    const arrived = upstream.inFlight
    slow.open()
    expect(
      arrived,
      'forty lookups were sent at once, and the upstream does not answer yet: so many have reached it',
    ).toBe(40)
    for (const [i, { answer }] of asked.entries()) {
      expect(await answer, 'each gets its own answer').toAnswer(200, { path: `/lookup/${names[i]}` })
    }
  })

  test('/health and /solve are answered while lookups wait', async ({ app, upstream, random }) => {
    const slow = gate()
    upstream.respond(async () => {
      await slow.opened
      return { json: {} }
    })
    await using clients = clientsOf(app)
    const asked = Array.from({ length: 40 }, (_, i) => clients.ask(`/lookup/${random.word()}-${i}`))
    await waitFor(() => upstream.inFlight > 0)
    const why = 'forty lookups wait for the upstream, which has nothing to do with this request'
    const puzzle = makePuzzle(random)
    expect(await app.get('/health'), why).toAnswer(200, { status: 'ok' })
    expect(await app.get(puzzle.path(500)), why).toAnswer(200, { result: puzzle.result(500) })
    slow.open()
    for (const { answer } of asked) expect(await answer).toHaveStatus(200)
  })
})

/** A promise to be waited for by the upstream, and settled by the test. */
function gate(): { opened: Promise<void>; open(): void } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
