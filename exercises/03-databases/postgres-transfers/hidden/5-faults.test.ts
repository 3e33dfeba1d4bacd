import { expect } from 'vitest'
import { type Answer, type App, type Random, sleep, step, together, withApp } from 'learn-backend/kit'
import {
  accountPath,
  allQuiet,
  balancesOf,
  error,
  expectBalance,
  expectBooksInOrder,
  fourAtOnce,
  type Db,
  type Id,
  inBackground,
  lock,
  openAccounts,
  type Order,
  perhaps,
  rowsOf,
  send,
  sessionsWaiting,
  theSame,
  until,
} from './bank.ts'

const OPENING = 10_000

/** So many transfers are on their way when something happens; each can have a connection of its own. */
const CROWD = 14

const test = withApp({ env: { DB_POOL_SIZE: String(CROWD), DB_TIMEOUT_MS: '1500' } })

/** A second wait of DB_TIMEOUT_MS, and slow machines. */
const patience = { deadline: 10_000 }

step('crash', () => {
  test('a kill between minus and plus loses no cent', async ({ app, postgres, random }) => {
    const ids = (await openAccounts(app, 4, OPENING)) as [Id, Id, Id, Id]
    const [a, b, c, d] = ids
    // Two transfers can't finish: one waits for the account that gets the money, one for the account that gives it.
    const release = await lock(postgres, [b, c])
    const waiting = [
      inBackground(send(app, { from: a, to: b, amount: 700 }, random.uuid(), patience)),
      inBackground(send(app, { from: c, to: d, amount: 900 }, random.uuid(), patience)),
    ]
    await sessionsWaiting(postgres, 2, 700)
    await app.kill()
    await release()
    await Promise.allSettled(waiting)
    await allQuiet(postgres)
    const asked = 'two transfers, and kill -9 while each waits for one of its accounts'
    await expectBooksInOrder(postgres, ids, OPENING, asked)
  })

  test('after a kill at any moment, each transfer has happened once or not at all', async ({
    app,
    postgres,
    random,
  }) => {
    const { ids, orders, keys } = await someOrders(app, random)
    // Slow statements, one transfer after the other: some are at each stage when the end comes.
    postgres.link.delay(8)
    const sent = oneAfterTheOther(orders, (order, i) => perhaps(send(app, order, keys[i] ?? '')))
    await someAnswered(sent, random.int(1, 3))
    await app.kill()
    const answers = await Promise.all(sent)
    postgres.link.restore()
    await allQuiet(postgres)
    const asked = `${CROWD} transfers, and kill -9 while some of them are on their way`
    await expectBooksInOrder(postgres, ids, OPENING, asked)
    await expectKept(postgres, ids, answers, 'answered with 201 before kill -9: its row in transfers')
    await app.restart()
    await sendAgain(app, postgres, { ids, orders, keys, answers }, `${asked}; now all of them again`)
  })
})

step('outage', () => {
  test('503 while the database refuses connections, and then everything works again', async ({
    app,
    postgres,
    random,
  }) => {
    await makeWell(app)
    const [a, b] = (await openAccounts(app, 2, OPENING)) as [Id, Id]
    const [order, key] = [{ from: a, to: b, amount: 100 }, random.uuid()]
    postgres.link.cut()
    await sleep(50)
    const asks: (() => Promise<Answer>)[] = [
      () => app.get('/health', patience),
      () => app.get(accountPath(a), patience),
      () => app.post('/accounts', { json: { owner: 'Ada', balance: 1 }, ...patience }),
      () => send(app, order, key, patience),
      () => app.get(`${accountPath(a)}/transfers`, patience),
    ]
    for (const answer of await Promise.all(asks.map((ask) => ask()))) {
      expect(answer, 'the connections to the database were broken, and new ones are refused').toAnswer(503, error)
    }
    postgres.link.restore()
    await recovers(app, a, 'the database can be reached again')
    expect(await send(app, order, key), 'the same transfer again; the database is back').toHaveStatus(201)
    expect(await balancesOf(postgres, [a, b]), 'one transfer of 100').toEqual([OPENING - 100, OPENING + 100])
  })

  test('503 while the server is restarted, and nothing is forgotten', async ({ app, postgres, random }) => {
    await makeWell(app)
    const [a, b] = (await openAccounts(app, 2, OPENING)) as [Id, Id]
    const [order, key] = [{ from: a, to: b, amount: 100 }, random.uuid()]
    const first = await send(app, order, key)
    expect(first).toHaveStatus(201)
    await postgres.stop()
    const why = 'the database server was killed'
    expect(await app.get('/health', patience), why).toAnswer(503, error)
    expect(await send(app, order, random.uuid(), patience), why).toAnswer(503, error)
    await postgres.start()
    await recovers(app, a, 'the database server is up again')
    const asked = 'this transfer was made before the server was restarted'
    expect(await send(app, order, key), asked).toAnswer(201, theSame(first))
    await expectBalance(app, a, OPENING - 100, 'one transfer of 100 was made, before the server was restarted')
  })

  test('503 after DB_TIMEOUT_MS when the database says nothing', async ({ app, postgres, random }) => {
    await makeWell(app)
    const [a, b] = (await openAccounts(app, 2, OPENING)) as [Id, Id]
    const keys = Array.from({ length: CROWD }, () => random.uuid())
    postgres.link.blackhole()
    const asked = keys.map((key) => () => send(app, { from: a, to: b, amount: 1 }, key, patience))
    const reads = Array.from({ length: 6 }, () => () => app.get(accountPath(a), patience))
    const answers = await Promise.all([...asked, ...reads].map((ask) => ask()))
    const why = `DB_TIMEOUT_MS is 1500, DB_POOL_SIZE is ${CROWD}, and the connections to the database are open but silent`
    for (const answer of answers) expect(answer, why).toAnswer(503, error)
    postgres.link.restore()
    await recovers(app, a, 'the database answers again')
    for (const key of keys) {
      const again = await until(201, () => send(app, { from: a, to: b, amount: 1 }, key), 2000)
      expect(again, 'sent while the database said nothing, and now again with the same key').toHaveStatus(201)
    }
    const right = [OPENING - CROWD, OPENING + CROWD]
    expect(await balancesOf(postgres, [a, b]), `${CROWD} transfers of 1, each sent twice with its key`).toEqual(right)
  })

  test('503 when a lock is not to be had in time, and nothing is left behind', async ({ app, postgres, random }) => {
    await makeWell(app)
    const [a, b] = (await openAccounts(app, 2, OPENING)) as [Id, Id]
    const release = await lock(postgres, [a])
    const orders = Array.from({ length: CROWD + 6 }, (_, i): Order => {
      return i % 2 ? { from: a, to: b, amount: 10 } : { from: b, to: a, amount: 3 }
    })
    const keys = orders.map(() => random.uuid())
    const answers = await together(orders.length, (i) => send(app, orders[i] as Order, keys[i] ?? '', patience))
    const why = `DB_TIMEOUT_MS is 1500, and somebody else has locked one of the two accounts all the time; ${orders.length} transfers at once`
    for (const answer of answers) expect(answer, why).toAnswer(503, error)
    await recovers(app, b, 'these transfers have given up waiting for a lock, so that their connections are free again')
    await release()
    for (const [i, order] of orders.entries()) {
      const again = await until(201, () => send(app, order, keys[i] ?? ''), 2000)
      const what = 'got 503 because of a lock, which is gone now; the same transfer with the same key'
      expect(again, what).toHaveStatus(201)
    }
    const moved = (orders.length / 2) * (10 - 3)
    const what = 'transfers of 10 and as many of 3 in the other direction, each sent twice with its key'
    expect(await balancesOf(postgres, [a, b]), what).toEqual([OPENING - moved, OPENING + moved])
    await allQuiet(postgres) // an answer may overtake the end of its transaction
    const open = await postgres.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    )
    expect(open, 'connections with an open transaction, after all requests were answered').toEqual([])
  })

  test('connections that break in the midst of transfers move the money once', async ({ app, postgres, random }) => {
    await makeWell(app)
    const { ids, orders, keys } = await someOrders(app, random)
    postgres.link.delay(8)
    const sent = oneAfterTheOther(orders, (order, i) => send(app, order, keys[i] ?? '', patience))
    await someAnswered(sent, random.int(1, 3))
    postgres.link.cut()
    const answers = await Promise.all(sent)
    const why = 'the connections to the database broke; this transfer was on its way, or came later'
    for (const answer of answers) expect(answer, why).toHaveStatus([201, 503])
    postgres.link.restore()
    await allQuiet(postgres)
    const asked = `${CROWD} transfers, and the connections to the database break while some of them are on their way`
    await expectBooksInOrder(postgres, ids, OPENING, asked)
    await expectKept(postgres, ids, answers, 'answered with 201 before the connections broke: its row in transfers')
    await recovers(app, ids[0] ?? '', 'the database can be reached again')
    await sendAgain(app, postgres, { ids, orders, keys, answers }, `${asked}; now all of them again`)
  })
})

/** An earlier test may have left the program in a bad state. That was told there. */
async function makeWell(app: App): Promise<void> {
  const health = await perhaps(app.get('/health'))
  if (health?.status !== 200) await app.restart()
}

/** Transfers that have nothing to do with each other, so that none of them waits for another. */
async function someOrders(app: App, random: Random): Promise<{ ids: Id[]; orders: Order[]; keys: string[] }> {
  const ids = await openAccounts(app, 2 * CROWD, OPENING)
  const orders = Array.from({ length: CROWD }, (_, i): Order => {
    const [from, to] = [ids[2 * i], ids[2 * i + 1]] as [Id, Id]
    return { from, to, amount: random.int(1, OPENING) }
  })
  return { ids, orders, keys: orders.map(() => random.uuid()) }
}

/** When the first ones have their answers, the others are at all the stages of a transfer. */
function oneAfterTheOther<T>(orders: Order[], ask: (order: Order, i: number) => Promise<T>): Promise<T>[] {
  return orders.map(async (order, i) => {
    await sleep(i * 12)
    return ask(order, i)
  })
}

async function someAnswered(sent: Promise<unknown>[], count: number): Promise<void> {
  let answered = 0
  for (const answer of sent) {
    answer.then(
      () => answered++,
      () => answered++,
    )
  }
  const end = performance.now() + 3000
  while (answered < count && performance.now() < end) await sleep(2)
}

async function expectKept(db: Db, ids: Id[], answers: (Answer | undefined)[], why: string): Promise<void> {
  const rows = await rowsOf(db, ids)
  for (const answer of answers) {
    if (answer?.status !== 201) continue
    const row = rows.find(({ id }) => id === String(answer.json.id))
    const { id, from, to, amount } = answer.json
    expect(row, why).toEqual({ id: String(id), from: String(from), to: String(to), amount })
  }
}

interface Sent {
  ids: Id[]
  orders: Order[]
  keys: string[]
  answers: (Answer | undefined)[]
}

/** As clients do that got no answer. What had happened is answered again, what had not is done now. */
async function sendAgain(app: App, db: Db, { ids, orders, keys, answers }: Sent, asked: string): Promise<void> {
  const again = await fourAtOnce(orders.length, (i) => send(app, orders[i] as Order, keys[i] ?? '', patience))
  for (const [i, answer] of again.entries()) {
    const before = answers[i]?.status === 201 ? answers[i] : undefined
    const why = before
      ? 'sent again with its key: it was answered with 201 before'
      : 'sent again with its key: it had no 201 before'
    expect(answer, why).toAnswer(201, before ? theSame(before) : expect.anything())
  }
  const right = orders.flatMap(({ amount }) => [OPENING - amount, OPENING + amount])
  expect(
    await balancesOf(db, ids),
    `${asked}. Balances: in each pair, the first gave once, the second got once`,
  ).toEqual(right)
  expect(await rowsOf(db, ids), `${asked}. Rows in transfers`).toHaveLength(orders.length)
}

/** Everything works again, without a restart: not only the one request that found a good connection. */
async function recovers(app: App, id: Id, since: string): Promise<void> {
  const end = performance.now() + 4000
  for (;;) {
    const answers = await together(CROWD, (i) => app.get(i === 0 ? '/health' : accountPath(id), patience))
    const bad = answers.find(({ status }) => status !== 200)
    if (bad === undefined) return
    if (performance.now() < end) continue
    expect(bad, `${since}, for some seconds by now; the program was not restarted`).toHaveStatus(200)
  }
}
