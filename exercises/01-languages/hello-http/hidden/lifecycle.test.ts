import { expect } from 'vitest'
import { type App, note, sleep, SolutionFailure, type StartOptions, step, test } from 'learn-backend/kit'
import { expectCleanExit } from './clean-exit.ts'

step('ready', () => {
  test('the port stays closed until the warm-up is over', async ({ start }) => {
    // Long enough that a program that ignores it is sure to listen before it is over.
    const warmup = Math.round(Math.min(Math.max(100, 2.5 * (await timeOfAStart(start))), 2000))
    const began = performance.now()
    const app = await start({ env: { WARMUP_MS: String(warmup) }, ready: 'none' })
    await portOpens(app, warmup)
    const openAfter = performance.now() - began
    if (openAfter < warmup) {
      throw new SolutionFailure(
        'wrong_answer',
        'The port was open during the warm-up: clients would have connected too early.',
        {
          asked: `start with WARMUP_MS=${warmup}, then connect again and again`,
          expected: `every connection is refused for at least ${warmup} ms`,
          got: `the port was open ${Math.round(openAfter)} ms after the start`,
        },
      )
    }
    const first = await app.get('/health')
    expect(first, 'an open port means that requests are answered properly').toAnswer(200, { status: 'ok' })
  })
})

/** How long a start without warm-up takes on this machine, in ms; measured once. */
let ordinaryStart: number | undefined

async function timeOfAStart(start: (options: StartOptions) => Promise<App>): Promise<number> {
  if (ordinaryStart === undefined) {
    const began = performance.now()
    const app = await start({ env: { WARMUP_MS: '0' } })
    ordinaryStart = performance.now() - began
    await app.kill()
  }
  return ordinaryStart
}

/** @throws SolutionFailure when it is still closed five seconds after the warm-up */
async function portOpens(app: App, warmup: number): Promise<void> {
  const began = performance.now()
  const deadline = warmup + 5000
  while (!(await accepts(app))) {
    if (!app.alive || performance.now() - began > deadline) {
      throw new SolutionFailure('never_listened', 'The port never opened.', {
        asked: `start with WARMUP_MS=${warmup}`,
        expected: `it listens on 127.0.0.1:${app.port} when ${warmup} ms are over`,
        got: app.alive ? `no open port after ${deadline} ms` : 'the program ended by itself',
      })
    }
    await sleep(5)
  }
}

async function accepts(app: App): Promise<boolean> {
  return app.connect().then(
    (connection) => {
      connection.destroy()
      return true
    },
    () => false,
  )
}

step('shutdown', () => {
  test('finishes the requests that are in flight', async ({ start }) => {
    const app = await start()
    const waits = [90, 120, 150]
    const answers = Promise.allSettled(waits.map((ms) => app.get(`/slow?ms=${ms}`, { deadline: 4000 })))
    await underWay(app)
    note('SIGTERM came while GET /slow?ms=90, 120 and 150 were in flight: each must still get its full answer.')
    const exit = terminated(app)
    for (const [i, result] of (await answers).entries()) {
      if (result.status === 'rejected') throw result.reason
      expect(result.value).toAnswer(200, { waited: waits[i] })
    }
    expectCleanExit(await exit)
  })

  test('takes no new connections after SIGTERM', async ({ start }) => {
    const app = await start()
    const slow = app.get('/slow?ms=3000', { deadline: 5000 }).catch(() => undefined)
    await underWay(app)
    app.signal('SIGTERM')
    const signalled = performance.now()
    while (await takesConnections(app)) {
      const since = performance.now() - signalled
      if (since > 1000) {
        throw new SolutionFailure(
          'wrong_answer',
          'It goes on taking requests after SIGTERM: close the port first, then finish those in flight.',
          {
            asked: `GET /health on a new connection, ${Math.round(since)} ms after SIGTERM, with GET /slow?ms=3000 in flight`,
            expected: 'connection refused',
            got: 'an answer',
            replay: undefined,
          },
        )
      }
      await sleep(10)
    }
    await app.kill()
    await slow
  })

  test('an idle kept-alive connection does not delay the exit', async ({ start }) => {
    const app = await start()
    const client = await keepAlive(app, '/health')
    await client.answer()
    note(
      'A client had got its answer and kept its connection open, idle, when SIGTERM came: the service has to close it.',
    )
    expectCleanExit(await app.stop())
    client.destroy()
  })

  test('a connection that is kept alive after its last answer does not delay the exit', async ({ start }) => {
    const app = await start()
    const client = await keepAlive(app, '/slow?ms=130')
    await underWay(app)
    note(
      'GET /slow?ms=130 was in flight on a kept-alive connection when SIGTERM came. The client got its answer and did ' +
        'not close the connection: the service has to.',
    )
    const exit = terminated(app)
    expect(await client.answer()).toAnswer(200, { waited: 130 })
    expectCleanExit(await exit)
    client.destroy()
  })

  test('SIGTERM during the warm-up ends the program', async ({ start }) => {
    const handlerIsThere = 1.5 * (await timeOfAStart(start)) + 30
    const app = await start({ env: { WARMUP_MS: '20000' }, ready: 'none' })
    await sleep(handlerIsThere)
    note(
      `SIGTERM came ${Math.round(handlerIsThere)} ms after a start with WARMUP_MS=20000. A handler must end the program ` +
        'also when the server does not listen yet, and no timer may keep it alive.',
    )
    await app.stop()
  })
})

/** Sends a GET over a connection that the client does not close afterwards (RFC 9112, section 9.3). */
async function keepAlive(app: App, path: string) {
  const connection = await app.connect()
  await connection.write(`GET ${path} HTTP/1.1\r\nHost: ${app.host}:${app.port}\r\nConnection: keep-alive\r\n\r\n`)
  return connection
}

/** Returns when requests sent before are in the service's hands: one that was sent later has been answered. */
async function underWay(app: App): Promise<void> {
  await app.get('/health')
  await sleep(10)
}

/** A connection that the system queues but nobody answers is not taken. */
async function takesConnections(app: App): Promise<boolean> {
  if (!(await accepts(app))) return false
  return app.get('/health', { deadline: 500 }).then(
    () => true,
    () => false,
  )
}

/** Sends SIGTERM. The exit may be awaited later: what happens to the answers in between matters more. */
function terminated(app: App): ReturnType<App['stop']> {
  const exit = app.stop()
  exit.catch(() => undefined)
  return exit
}
