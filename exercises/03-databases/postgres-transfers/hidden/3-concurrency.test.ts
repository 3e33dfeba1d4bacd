import { expect } from 'vitest'
import { type Answer, note, step, together, withApp } from 'learn-backend/kit'
import {
  balancesOf,
  type Db,
  error,
  expectBalance,
  expectBooksInOrder,
  type Id,
  inBackground,
  lock,
  openAccount,
  openAccounts,
  type Order,
  rowsOf,
  send,
  sessionsWaiting,
  theSame,
  watchConnections,
} from './bank.ts'
import { tally, wrongAnswer } from './wrong-answer.ts'

const test = withApp({ env: { DB_POOL_SIZE: '4' } })

/** Fifty requests share two cores with the tests and with other work. */
const patience = { deadline: 10_000 }

step('concurrency', () => {
  test('fifty transfers at once from and to one account lose nothing', async ({ app, postgres, random }) => {
    const hub = await openAccount(app, 1_000_000)
    const others = await openAccounts(app, 10, 1_000_000)
    const orders = Array.from({ length: 50 }, (_, i): Order => {
      const amount = random.int(1, 10_000)
      // Five of the others only give, and five only get: deadlocks are another test's business.
      const other = others[(i % 2) + 2 * random.int(0, 4)] as Id
      return i % 2 ? { from: hub, to: other, amount } : { from: other, to: hub, amount }
    })
    const answers = await together(50, (i) => send(app, orders[i] as Order, random.uuid(), patience))
    expectAllMade(answers, 'POST /transfers, 50 at once, half of them from one account, half of them to it')
    const ids = [hub, ...others]
    const right = ids.map((id) => orders.reduce((balance, order) => balance + effect(order, id), 1_000_000))
    expect(
      await balancesOf(postgres, ids),
      'balances after 50 transfers at once: each of them must start from the balance that the one before has left',
    ).toEqual(right)
    await expectBalance(app, hub, right[0] ?? 0, 'this account took part in 50 transfers at once')
  })

  test('fifty transfers at once never overdraw an account', async ({ app, postgres, random }) => {
    const amount = random.int(10, 500)
    const [from, to] = [await openAccount(app, 20 * amount + random.int(0, 9)), await openAccount(app, 0)]
    const answers = await together(50, () => send(app, { from, to, amount }, random.uuid(), patience))
    const made = answers.filter(({ status }) => status === 201)
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(answer, 'the account has enough for 20 of 50 transfers; the others get 409').toAnswer(409, error)
    }
    expect(made.length, 'the account has enough for 20 of 50 transfers at once: how many got 201').toBe(20)
    expect(await balancesOf(postgres, [to]), `20 transfers of ${amount} were made to this account`).toEqual([
      20 * amount,
    ])
  })

  test('two transfers between the same accounts, in opposite directions, do not block each other', async ({
    app,
    postgres,
    random,
  }) => {
    const [a, b] = [await openAccount(app, 1000), await openAccount(app, 1000)]
    // Both wait for us, each for the account that it wants first. When we let go, they meet half-way.
    const release = await lock(postgres, [a, b])
    const there = inBackground(send(app, { from: a, to: b, amount: 100 }, random.uuid(), patience))
    await sessionsWaiting(postgres, 1)
    const back = inBackground(send(app, { from: b, to: a, amount: 30 }, random.uuid(), patience))
    await sessionsWaiting(postgres, 2)
    await release()
    const why =
      'one of two transfers at once, from A to B and from B to A: in which order do they lock the two accounts?'
    expect(await there, why).toHaveStatus(201)
    expect(await back, why).toHaveStatus(201)
    await expectBalance(app, a, 930, 'had 1000, gave 100, got 30')
    await expectBalance(app, b, 1070, 'had 1000, got 100, gave 30')
  })

  test('fifty transfers at once over two instances end well', async ({ app, start, postgres, random }) => {
    await findDeadlocksQuickly(postgres)
    const instances = [app, await start({ env: { DB_POOL_SIZE: '4' } })]
    const ids = await openAccounts(app, 3, 100_000)
    const answers = await together(50, (i) => {
      const [from, to] = random.sample(ids, 2) as [Id, Id]
      return send(instances[i % 2] ?? app, { from, to, amount: random.int(1, 900) }, random.uuid(), patience)
    })
    const asked = 'POST /transfers, 50 at once, 25 at each of two instances, back and forth between three accounts'
    expectAllMade(answers, asked)
    await expectBooksInOrder(postgres, ids, 100_000, asked)
    expect(await rowsOf(postgres, ids), 'rows in transfers').toHaveLength(50)
  })

  test('who waits for an account holds up nobody else', async ({ app, postgres, random }) => {
    const [a, b, c, d] = (await openAccounts(app, 4, 1000)) as [Id, Id, Id, Id]
    const release = await lock(postgres, [a])
    const waits = inBackground(send(app, { from: a, to: b, amount: 1 }, random.uuid(), patience))
    await sessionsWaiting(postgres, 1)
    note('Meanwhile a transfer from another account is waiting, because somebody else has locked that row.')
    expect(await send(app, { from: c, to: d, amount: 1 }, random.uuid())).toHaveStatus(201)
    await expectBalance(app, a, 1000, 'somebody else has locked this row; to read must not wait')
    await release()
    expect(await waits, 'it had to wait for the account, and now the account is free').toHaveStatus(201)
  })

  test('opens DB_POOL_SIZE connections at most, and uses them again', async ({ app, postgres, random }) => {
    const ids = await openAccounts(app, 20, 10_000)
    const watch = await watchConnections(postgres)
    const answers = await together(50, (i) => {
      const [from, to] = [ids[i % 20], ids[(i + 7) % 20]] as [Id, Id]
      return send(app, { from, to, amount: 1 }, random.uuid(), patience)
    })
    const asked = 'POST /transfers, 50 at once; DB_POOL_SIZE is 4'
    expectAllMade(answers, asked)
    const { most, different } = await watch.stop()
    // One more may just be closing.
    if (most > 5) {
      throw wrongAnswer('too many connections to the database at once: who wants one has to wait until one is free', {
        asked,
        expected: '4 connections at most',
        got: `${most} at once`,
      })
    }
    if (different > 12) {
      throw wrongAnswer('connections are opened again and again: keep them in a pool', {
        asked,
        expected: '4 connections that are used again and again',
        got: `${different} different connections were seen`,
      })
    }
  })
})

step('idempotency', () => {
  test('the same request again gets the same answer, and the money moves once', async ({ app, postgres, random }) => {
    const [from, to] = [await openAccount(app, 1000), await openAccount(app, 0)]
    const [order, key] = [{ from, to, amount: 1000 }, random.uuid()]
    const first = await send(app, order, key)
    expect(first).toHaveStatus(201)
    const why = 'the same key and body again (the account is empty by now, which does not matter)'
    for (let i = 0; i < 2; i++) expect(await send(app, order, key), why).toAnswer(201, theSame(first))
    const body = `{ "amount": 1000, "to": ${JSON.stringify(to)},\n "from": ${JSON.stringify(from)} }`
    const headers = { 'idempotency-key': key, 'content-type': 'application/json' }
    expect(await app.post('/transfers', { body, headers }), 'the same key, from, to and amount').toAnswer(
      201,
      theSame(first),
    )
    expect(await balancesOf(postgres, [from, to]), 'one transfer of 1000 was sent several times').toEqual([0, 1000])
    expect(await rowsOf(postgres, [from]), 'one transfer was sent several times').toHaveLength(1)
  })

  test('the same key with another body gets 422', async ({ app, postgres, random }) => {
    const [a, b, c] = (await openAccounts(app, 3, 1000)) as [Id, Id, Id]
    const [order, key] = [{ from: a, to: b, amount: 10 }, random.uuid()]
    const first = await send(app, order, key)
    expect(first).toHaveStatus(201)
    for (const other of [{ amount: 11 }, { to: c }, { from: c }, { from: b, to: a }]) {
      expect(await send(app, { ...order, ...other }, key), 'this key belongs to another transfer').toAnswer(422, error)
    }
    expect(await send(app, order, key), 'the same key and body as at first').toAnswer(201, theSame(first))
    expect(await balancesOf(postgres, [a, b, c]), 'one transfer of 10 from the first to the second').toEqual([
      990, 1010, 1000,
    ])
  })

  test('another key is another transfer', async ({ app, postgres, random }) => {
    const [from, to] = [await openAccount(app, 1000), await openAccount(app, 0)]
    const long = random.hex(98)
    const keys = [`k${long}x`, `K${long}x`, `k${long}y`, `k${long}`, `'${long}"`]
    const answers: Answer[] = []
    for (const key of keys) {
      const answer = await send(app, { from, to, amount: 5 }, key)
      expect(answer, 'a key that was not used before').toHaveStatus(201)
      answers.push(answer)
    }
    expect(new Set(answers.map(({ json }) => String(json.id))).size, `${keys.length} keys, so many transfers`).toBe(
      keys.length,
    )
    expect(await balancesOf(postgres, [to]), `${keys.length} keys, so many transfers of 5`).toEqual([keys.length * 5])
  })

  test('a refused request leaves its key unused', async ({ app, random }) => {
    const [from, to] = [await openAccount(app, 100), await openAccount(app, 5000)]
    const [order, key] = [{ from, to, amount: 150 }, random.uuid()]
    expect(await send(app, order, key), 'the account has 100').toAnswer(409, error)
    expect(await send(app, { from, to, amount: 0 }, key)).toAnswer(400, error)
    expect(await send(app, { from: to, to: from, amount: 60 }, random.uuid())).toHaveStatus(201)
    expect(await send(app, order, key), 'refused at first (409); now the account has 160').toHaveStatus(201)
    const other = random.uuid()
    expect(await send(app, order, other), 'the account has 10').toAnswer(409, error)
    const why = 'with this key another transfer was refused, so it is unused; the account has 10'
    expect(await send(app, { from, to, amount: 7 }, other), why).toHaveStatus(201)
    await expectBalance(app, from, 3, 'had 100, got 60, gave 150 and 7')
  })

  test('the same request many times at once moves the money once', async ({ app, start, postgres, random }) => {
    const instances = [app, await start({ env: { DB_POOL_SIZE: '4' } })]
    const pairs = await together(3, () => openAccounts(app, 2, 1000))
    const orders = pairs.map(([from, to]) => ({ from, to, amount: 1000 }) as Order)
    const keys = orders.map(() => random.uuid())
    const answers = await together(30, (i) =>
      send(instances[i % 2] ?? app, orders[i % 3] as Order, keys[i % 3] ?? '', patience),
    )
    for (const [i, order] of orders.entries()) {
      const mine = answers.filter((_, k) => k % 3 === i)
      const why = 'the same transfer was sent ten times at once to two instances, with the same key'
      const [any] = mine as [Answer]
      expect(any, why).toHaveStatus(201)
      for (const answer of mine) expect(answer, why).toAnswer(201, theSame(any))
      expect(await balancesOf(postgres, [order.from, order.to]), why).toEqual([0, 2000])
      expect(await rowsOf(postgres, [order.from]), `${why}: rows in transfers`).toHaveLength(1)
    }
  })

  test('a request repeated while the first is under way gets the same answer', async ({ app, postgres, random }) => {
    const [from, to] = (await openAccounts(app, 2, 1000)) as [Id, Id]
    const [order, key] = [{ from, to, amount: 600 }, random.uuid()]
    const release = await lock(postgres, [from])
    const first = inBackground(send(app, order, key, patience))
    await sessionsWaiting(postgres, 1)
    const again = inBackground(send(app, order, key, patience))
    await sessionsWaiting(postgres, 2, 400)
    await release()
    expect(await first, 'it had to wait for the account, and now the account is free').toHaveStatus(201)
    const why = 'the same key and body, sent while the first request was waiting for the account'
    expect(await again, why).toAnswer(201, theSame(await first))
    expect(await balancesOf(postgres, [from, to]), 'one transfer of 600, sent twice').toEqual([400, 1600])
  })

  test('of two transfers with one key at once, one is made', async ({ app, postgres, random }) => {
    const ids = (await openAccounts(app, 4, 1000)) as [Id, Id, Id, Id]
    const key = random.uuid()
    const orders = [
      { from: ids[0], to: ids[1], amount: 10 },
      { from: ids[2], to: ids[3], amount: 20 },
    ]
    const answers = await together(20, (i) => send(app, orders[i % 2] as Order, key, patience))
    const asked = 'POST /transfers, 20 at once with one key: ten times 10 from A to B, ten times 20 from C to D'
    const statuses = [0, 1].map((which) => tally(answers.filter((_, i) => i % 2 === which).map(({ status }) => status)))
    if (!['201 (10x) 422 (10x)', '422 (10x) 201 (10x)'].includes(statuses.join(' '))) {
      throw wrongAnswer('one of two transfers has the key, the other one has not', {
        asked,
        expected: 'for one of the two always 201, for the other always 422',
        got: `for the one ${statuses[0]}; for the other ${statuses[1]}`,
      })
    }
    expect(await rowsOf(postgres, ids), `${asked}: rows in transfers`).toHaveLength(1)
    await expectBooksInOrder(postgres, ids, 1000, asked)
  })

  test('keys are remembered over a restart', async ({ app, postgres, random }) => {
    const [from, to] = [await openAccount(app, 1000), await openAccount(app, 0)]
    const [order, key] = [{ from, to, amount: 700 }, random.uuid()]
    const first = await send(app, order, key)
    expect(first).toHaveStatus(201)
    await app.restart()
    expect(await send(app, order, key), 'the same key and body, after kill -9 and a new start').toAnswer(
      201,
      theSame(first),
    )
    expect(await send(app, { ...order, amount: 1 }, key), 'another amount with this key').toAnswer(422, error)
    expect(await balancesOf(postgres, [from, to]), 'one transfer of 700 was sent twice').toEqual([300, 700])
  })
})

function expectAllMade(answers: Answer[], asked: string): void {
  const wrong = answers.find(({ status }) => status !== 201)
  if (wrong === undefined) return
  // The usual reason for a database that has time for nobody, although it is well.
  const why = wrong.status === 503 ? ' (does a request that has a connection ask the pool for another one?)' : ''
  const got = `${asked}. Got ${tally(answers.map(({ status }) => status))}; one of those that were not 201${why}`
  expect(wrong, got).toHaveStatus(201)
}

/** What an order does to the balance of an account. */
function effect({ from, to, amount }: Order, id: Id): number {
  if (from === id) return -amount
  return to === id ? amount : 0
}

/** PostgreSQL looks for deadlocks when a session has waited for a second. Here it looks earlier, to save time. */
async function findDeadlocksQuickly(db: Db): Promise<void> {
  await db.query(`ALTER SYSTEM SET deadlock_timeout = '50ms'`)
  await db.query('SELECT pg_reload_conf()')
}
