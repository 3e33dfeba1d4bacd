import { expect } from 'vitest'
import { sleep, SolutionFailure, step, test, together } from 'learn-backend/kit'
import { expectCleanExit } from './clean-exit.ts'
import { encodeEveryByte, longName, nameOfThisWorld } from './names.ts'

const asJson = /^application\/json\b/i

/** The words and further fields are free. */
const anError = expect.objectContaining({ error: expect.stringMatching(/\S/) })

step('health', () => {
  test('GET /health answers 200 and {"status":"ok"}', async ({ app }) => {
    expect(await app.get('/health')).toAnswer(200, { status: 'ok' })
  })

  test('the answer is labelled as JSON', async ({ app }) => {
    const answer = await app.get('/health')
    expect(answer, 'clients look at Content-Type to know how to read a body').toHaveHeader('content-type', asJson)
  })
})

step('greet', () => {
  test('greets whoever is named in the path', async ({ app, random }) => {
    const name = random.word()
    const answer = await app.get(`/hello/${name}`)
    expect(answer).toAnswer(200, { message: `Hello, ${name}` })
    expect(answer, 'a greeting is JSON like every answer').toHaveHeader('content-type', asJson)
  })

  test('greets in every script', async ({ app, random }) => {
    for (const name of ['Zoë', nameOfThisWorld(random), random.unicode()]) {
      const answer = await app.get(`/hello/${encodeURIComponent(name)}`)
      expect(answer, 'the path carries percent-encoded UTF-8').toAnswer(200, { message: `Hello, ${name}` })
    }
  })

  test('reads percent-encoding in small and capital letters', async ({ app, random }) => {
    const name = nameOfThisWorld(random)
    for (const segment of [encodeEveryByte(name), encodeEveryByte(name).toLowerCase()]) {
      const answer = await app.get(`/hello/${segment}`)
      expect(answer, 'any character may be percent-encoded, and %c3 is the same as %C3').toAnswer(200, {
        message: `Hello, ${name}`,
      })
    }
  })

  test('decodes a name exactly once', async ({ app, random }) => {
    for (const name of [`${random.int(1, 99)}%`, `%${random.pick(['41', '5A', '6B'])}`]) {
      const answer = await app.get(`/hello/${encodeURIComponent(name)}`)
      expect(answer, '%25 is a percent sign, and what follows it must not be decoded again').toAnswer(200, {
        message: `Hello, ${name}`,
      })
    }
  })

  test('leaves a plus sign alone', async ({ app, random }) => {
    const name = `${random.word()}+${random.word()}`
    for (const segment of [name, encodeURIComponent(name)]) {
      const answer = await app.get(`/hello/${segment}`)
      expect(answer, 'a plus sign means a space in submitted forms and query strings, never in a path').toAnswer(200, {
        message: `Hello, ${name}`,
      })
    }
  })

  test('stays valid JSON with quotation marks and line breaks in a name', async ({ app, random }) => {
    const [first, last] = [random.word(), random.word()]
    for (const name of [`${first} "The Rock" ${last}`, `${first}\n${last}`, `${first}\t${last}`]) {
      const answer = await app.get(`/hello/${encodeURIComponent(name)}`)
      expect(answer, 'such characters must be escaped in JSON, as every JSON library does').toAnswer(200, {
        message: `Hello, ${name}`,
      })
    }
  })

  test('leaves < > & and apostrophes as they are', async ({ app, random }) => {
    const name = `<b>${random.word()}</b> & ${random.word()} O'${random.word()}`
    const answer = await app.get(`/hello/${encodeURIComponent(name)}`)
    expect(answer, 'the answer is JSON, and whoever puts it into a web page escapes it there').toAnswer(200, {
      message: `Hello, ${name}`,
    })
  })

  test('ignores a query string', async ({ app, random }) => {
    const name = random.word()
    const answer = await app.get(`/hello/${name}?lang=${random.word()}&from=/${random.word()}`)
    expect(answer, 'the path ends before the first ?').toAnswer(200, { message: `Hello, ${name}` })
  })

  test('greets someone with a very long name', async ({ app, random }) => {
    const name = longName(random, 200)
    const answer = await app.get(`/hello/${encodeURIComponent(name)}`)
    expect(answer, 'the first line of this request has up to 2 kilobytes, all of which count').toAnswer(200, {
      message: `Hello, ${name}`,
    })
  })

  test('greets everyone by their own name when many ask at once', async ({ app, random }) => {
    const names = Array.from({ length: 20 }, (_, i) => `${random.word()}-${i}`)
    const answers = await together(names.length, (i) => app.get(`/hello/${names[i]}`))
    for (const [i, answer] of answers.entries()) {
      expect(answer, 'requests that run at the same time must not share variables').toAnswer(200, {
        message: `Hello, ${names[i]}`,
      })
    }
  })
})

step('unknown', () => {
  test('an unknown path answers 404 with an error as JSON', async ({ app, random }) => {
    for (const path of [`/${random.word()}-${random.hex(6)}`, '/', '/constructor']) {
      const answer = await app.get(path)
      expect(answer).toAnswer(404, anError)
      expect(answer, 'errors are JSON like every answer').toHaveHeader('content-type', asJson)
    }
  })

  test('a path that only begins like a route is unknown', async ({ app, random }) => {
    const [word, other] = [random.word(), random.word()]
    for (const path of [
      '/healthy',
      `/health/${word}`,
      '/hello',
      '/hello/',
      `/hello/${word}/${other}`,
      `/slow/${word}`,
    ]) {
      expect(await app.get(path), 'a route must match the whole path').toAnswer(404, anError)
    }
  })

  test('a query string does not make a route unknown', async ({ app, random }) => {
    const answer = await app.get(`/health?from=${random.word()}`)
    expect(answer, 'the query string is not part of the path').toAnswer(200, { status: 'ok' })
  })

  test('methods other than GET are refused', async ({ app, random }) => {
    for (const [method, path] of [
      ['POST', '/health'],
      ['DELETE', `/hello/${random.word()}`],
      ['PUT', `/hello/${random.word()}`],
      ['PATCH', '/slow?ms=0'],
    ] as const) {
      expect(await app.request(method, path), 'the routes exist for GET only').toHaveStatus([404, 405])
    }
  })

  test('a broken percent-encoding answers 400, and the service lives on', async ({ app, random }) => {
    for (const path of ['/hello/%zz', `/hello/${random.word()}%`, `/hello/%C3%A${random.pick(['g', 'x', '-'])}`]) {
      expect(await app.get(path), "the mistake is the client's, and 400 says so").toHaveStatus(400)
      expect(await app.get('/health'), `after GET ${path} the service must go on`).toHaveStatus(200)
    }
  })

  test('bytes that are not UTF-8 do no harm', async ({ app }) => {
    for (const path of ['/hello/%FF', '/hello/Zo%EB', '/hello/%E2%82']) {
      const answer = await app.get(path)
      expect(answer, 'refuse it with 400, or greet with replacement characters').toHaveStatus([200, 400])
      expect(await app.get('/health'), `after GET ${path} the service must go on`).toHaveStatus(200)
    }
  })
})

step('slow', () => {
  test('answers after the wait and says how long it was', async ({ app, random }) => {
    const ms = random.int(40, 55)
    const answer = await app.get(`/slow?ms=${ms}`)
    expect(answer).toAnswer(200, { waited: ms })
    expect(answer, 'the answer must come after the wait').toTakeAtLeast(ms - 5)
    expect(await app.get('/slow?ms=0'), '0 is a number like the others').toAnswer(200, { waited: 0 })
  })

  test('refuses a wait that is missing, not a whole number, or out of range', async ({ app, random }) => {
    const word = random.word()
    for (const query of [
      '',
      '?ms=',
      `?ms=${word}`,
      `?ms=1${word}`,
      '?ms=1.5',
      '?ms=-1',
      '?ms=5001',
      '?ms=9999999999',
    ]) {
      expect(await app.get(`/slow${query}`), 'a whole number from 0 to 5000 is wanted').toAnswer(400, anError)
    }
  })

  test('twenty slow requests at once take about as long as one', async ({ app, random }) => {
    const waits = random.shuffle(Array.from({ length: 20 }, (_, i) => 100 + i))
    const limit = 350 + 5 * (await timeOf(() => together(20, () => app.get('/health'))))
    let best = Infinity
    // Twice if need be: a pause of the machine spoils one round, a queue spoils both.
    for (let round = 0; round < 2 && best > limit; round++) {
      const took = await timeOf(async () => {
        const answers = await together(20, (i) => app.get(`/slow?ms=${waits[i]}`, { deadline: 4000 }))
        for (const [i, answer] of answers.entries()) {
          expect(answer, 'requests that run at the same time must not share variables').toAnswer(200, {
            waited: waits[i],
          })
        }
      })
      best = Math.min(best, took)
    }
    if (best <= limit) return
    throw new SolutionFailure(
      'wrong_answer',
      'Slow requests wait for each other: look for a lock, a queue, too few workers, or a wait that blocks the whole program.',
      {
        asked: 'GET /slow with ms=100, 101 ... 119, all at once',
        expected: `the last answer within ${Math.round(limit)} ms`,
        got: `the last answer after ${Math.round(best)} ms`,
        replay: undefined,
      },
    )
  })

  test('other requests do not wait for a slow one', async ({ app, random }) => {
    const name = random.word()
    const leave = new AbortController()
    let slowIsDone = false
    const slow = app.get('/slow?ms=1000', { deadline: 4000, signal: leave.signal }).then(
      () => void (slowIsDone = true),
      () => undefined,
    )
    await sleep(20)
    const answer = await app.get(`/hello/${name}`, { deadline: 4000 })
    expect(answer).toAnswer(200, { message: `Hello, ${name}` })
    await sleep(10) // Two answers that came at the same moment may be seen in either order.
    if (slowIsDone) {
      throw new SolutionFailure('wrong_answer', 'The whole service stands still during a slow request.', {
        asked: `GET /slow?ms=1000 and, 20 ms later, GET /hello/${name}`,
        expected: 'the greeting at once, the slow answer later',
        got: `the greeting after ${Math.round(answer.ms)} ms, when the slow request was done`,
        replay: undefined,
      })
    }
    leave.abort()
    await slow
  })
})

async function timeOf(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await action()
  return performance.now() - began
}

// The rest of this step is in lifecycle.test.ts: this one ends the program that gave all the answers above.
step('shutdown', () => {
  test('exits after SIGTERM when there is nothing to finish', async ({ app }) => {
    expectCleanExit(await app.stop())
  })
})
