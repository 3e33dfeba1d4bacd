import { expect } from 'vitest'
import { type Answer, note, step, withApp } from 'learn-backend/kit'
import {
  accountPath,
  allQuiet,
  balancesOf,
  type Db,
  error,
  expectBalance,
  type Id,
  openAccount,
  openAccounts,
  rowsOf,
  send,
  transfer,
} from './bank.ts'
import { wrongAnswer } from './wrong-answer.ts'

const test = withApp({ env: { DB_POOL_SIZE: '3', DB_TIMEOUT_MS: '2500' } })

const zoned = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)$/

step('transfers', () => {
  test('moves money from one account to another', async ({ app, random }) => {
    const [from, to, third] = [await openAccount(app, 10_000), await openAccount(app, 500), await openAccount(app, 7)]
    const amount = random.int(1, 10_000)
    const answer = await send(app, { from, to, amount }, random.uuid())
    expect(answer).toHaveStatus(201)
    expect(answer).toContainJson({ from, to, amount })
    expect(['string', 'number'], 'the id is a string or an integer').toContain(typeof answer.json.id)
    expect(answer, 'createdAt is a time in ISO 8601 with its zone').toContainJson({
      createdAt: expect.stringMatching(zoned),
    })
    const ago = Math.abs(Date.now() - Date.parse(answer.json.createdAt))
    expect(ago, `createdAt is ${answer.json.createdAt}; milliseconds between that and now`).toBeLessThan(300_000)
    await expectBalance(app, from, 10_000 - amount, `had 10000, gave ${amount}`)
    await expectBalance(app, to, 500 + amount, `had 500, got ${amount}`)
    await expectBalance(app, third, 7, 'had no part in the transfer')
  })

  test('writes each transfer down in the table transfers', async ({ app, postgres, random }) => {
    const [a, b] = [await openAccount(app, 1000), await openAccount(app, 1000)]
    const ids = [
      (await transfer(app, random, { from: a, to: b, amount: 30 })).json.id as Id,
      (await transfer(app, random, { from: b, to: a, amount: 40 })).json.id as Id,
    ]
    const rows = (await rowsOf(postgres, [a, b])).sort((x, y) => x.amount - y.amount)
    expect(rows, 'SELECT id, from_id, to_id, amount FROM transfers, after two transfers (30 and 40)').toEqual([
      { id: String(ids[0]), from: String(a), to: String(b), amount: 30 },
      { id: String(ids[1]), from: String(b), to: String(a), amount: 40 },
    ])
  })

  test('moves big amounts to the cent, and the whole balance', async ({ app, random }) => {
    const amount = random.int(5e11, 1e12 - 2)
    const [from, to] = [await openAccount(app, amount + 1), await openAccount(app, 999_999_999_999)]
    await transfer(app, random, { from, to, amount })
    await expectBalance(app, from, 1, `had ${amount + 1}, gave ${amount}`)
    await expectBalance(app, to, 999_999_999_999 + amount, `had 999999999999, got ${amount}`)
    await transfer(app, random, { from, to, amount: 1 }, 'the account has 1, and gives 1')
    await expectBalance(app, from, 0, 'the whole balance was given')
  })

  test('refuses to overdraw with 409', async ({ app, postgres, random }) => {
    const [from, to] = [await openAccount(app, 999), await openAccount(app, 5000)]
    const answer = await send(app, { from, to, amount: 1000 }, random.uuid())
    expect(answer, 'the account has 999, and 1000 are asked for').toAnswer(409, error)
    await expectBalance(app, from, 999, 'the transfer was refused')
    await expectBalance(app, to, 5000, 'the transfer was refused')
    expect(await rowsOf(postgres, [from, to]), 'rows in transfers after a transfer that was refused').toEqual([])
  })

  test('requests that were refused keep no connection', async ({ app, postgres, random }) => {
    const [from, to] = (await openAccounts(app, 2, 1000)) as [Id, Id]
    const refused: [number, string, () => Promise<Answer>][] = [
      [409, 'would overdraw an account', () => send(app, { from, to, amount: 1001 }, random.uuid())],
      [404, 'name an unknown account', () => send(app, { from, to: 999_999_999, amount: 1 }, random.uuid())],
      [404, 'ask for an unknown account', () => app.get(accountPath(999_999_999))],
    ]
    for (const [status, what, ask] of refused) {
      const why = 'Does each of them give its connection back to the pool?'
      note(`12 requests that ${what}, one after the other`)
      for (let i = 1; i <= 12; i++) expect(await ask(), `request ${i} of 12 that ${what}. ${why}`).toHaveStatus(status)
      await expectBalance(app, from, 1000, `12 requests that ${what} came before. ${why}`)
    }
    await allQuiet(postgres) // an answer may overtake the end of its transaction
    const open = await postgres.query(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    )
    expect(open, 'connections that still have a transaction open after all requests were answered').toEqual([])
  })

  test('refuses accounts that do not exist with 404', async ({ app, random }) => {
    const id = await openAccount(app, 1000)
    for (const nobody of [0, -1, 999_999_999, '999999999', 'nobody', random.uuid(), '9'.repeat(40), `${id}x`]) {
      for (const order of [
        { from: id, to: nobody, amount: 1 },
        { from: nobody, to: id, amount: 1 },
      ]) {
        expect(await send(app, order, random.uuid()), `no account has the id ${nobody}`).toAnswer(404, error)
      }
    }
    await expectBalance(app, id, 1000, 'all transfers were refused')
  })

  test('refuses what is no transfer with 400', async ({ app, random }) => {
    const [from, to] = [await openAccount(app, 1000), await openAccount(app, 1000)]
    const amounts = [undefined, null, '1', true, 0, -1, 0.5, 1.01, 1_000_000_000_001, 1e300, [1], { cents: 1 }]
    const bodies = [
      ...amounts.map((amount) => ({ from, to, amount })),
      ...[undefined, null, true, [from], { id: from }].flatMap((id) => [
        { from: id, to, amount: 1 },
        { from, to: id, amount: 1 },
      ]),
      null,
      [],
      'all',
      7,
    ]
    const ask = (json: unknown) => app.post('/transfers', { json, headers: { 'idempotency-key': random.uuid() } })
    for (const json of bodies) expect(await ask(json)).toAnswer(400, error)
    expect(await ask({ from, to: from, amount: 1 }), 'from and to are the same account').toAnswer(400, error)
    const headers = { 'idempotency-key': random.uuid(), 'content-type': 'application/json' }
    for (const body of ['', '{"from":', 'all of it']) {
      expect(await app.post('/transfers', { body, headers })).toAnswer(400, error)
    }
    await expectBalance(app, from, 1000, 'all transfers were refused')
    await expectBalance(app, to, 1000, 'all transfers were refused')
  })

  test('refuses a transfer without an Idempotency-Key, or with a bad one', async ({ app }) => {
    const [from, to] = [await openAccount(app, 1000), await openAccount(app, 1000)]
    const json = { from, to, amount: 1 }
    expect(await app.post('/transfers', { json }), 'there is no Idempotency-Key').toAnswer(400, error)
    for (const key of ['', 'k'.repeat(101)]) {
      expect(await send(app, json, key), `the Idempotency-Key has ${key.length} characters`).toAnswer(400, error)
    }
    await expectBalance(app, from, 1000, 'all transfers were refused')
  })
})

step('constraints', () => {
  test('the database refuses a negative balance', async ({ app, postgres }) => {
    const id = String(await openAccount(app, 100))
    await refusesByItself(postgres, `INSERT INTO accounts (owner, balance) VALUES ('Mallory', -1)`)
    await refusesByItself(postgres, 'UPDATE accounts SET balance = -1 WHERE id::text = $1', [id])
    await refusesByItself(postgres, 'UPDATE accounts SET balance = balance - 101 WHERE id::text = $1', [id])
    await expectBalance(app, id, 100, 'three statements that would make it negative were refused')
  })

  test('the database refuses accounts without owner or balance', async ({ app, postgres }) => {
    const id = String(await openAccount(app, 100))
    await refusesByItself(postgres, `INSERT INTO accounts (owner, balance) VALUES (NULL, 100)`)
    await refusesByItself(postgres, `INSERT INTO accounts (owner, balance) VALUES ('Mallory', NULL)`)
    await refusesByItself(postgres, 'UPDATE accounts SET balance = NULL WHERE id::text = $1', [id])
  })

  test('the database refuses transfers that make no sense', async ({ app, postgres, random }) => {
    const ids = (await openAccounts(app, 2, 1000)) as [Id, Id]
    const [a, b] = ids.map(String)
    const insert = `INSERT INTO transfers (from_id, to_id, amount)
      SELECT f.id, t.id, CAST($3 AS bigint) FROM accounts f, accounts t WHERE f.id::text = $1 AND t.id::text = $2`
    await refusesByItself(postgres, insert, [a, b, 0])
    await refusesByItself(postgres, insert, [a, b, -random.int(1, 999)])
    await refusesByItself(postgres, insert, [a, b, null])
    await refusesByItself(postgres, insert, [a, a, 1])
    const update = (column: string) => `UPDATE transfers SET ${column} = NULL WHERE from_id::text = $1`
    await transfer(app, random, { from: ids[0], to: ids[1], amount: 1 })
    await refusesByItself(postgres, update('from_id'), [a])
    await refusesByItself(postgres, update('to_id'), [a])
    const nobody = await idOfNobody(postgres)
    for (const ids of [`id, ${nobody}`, `${nobody}, id`]) {
      const sql = `INSERT INTO transfers (from_id, to_id, amount) SELECT ${ids}, 1 FROM accounts WHERE id::text = $1`
      await refusesByItself(postgres, sql, [a])
    }
  })

  test('the database refuses to delete an account that has transfers', async ({ app, postgres, random }) => {
    const [a, b] = (await openAccounts(app, 2, 1000)) as [Id, Id]
    await transfer(app, random, { from: a, to: b, amount: 1 })
    for (const id of [a, b]) {
      await refusesByItself(postgres, 'DELETE FROM accounts WHERE id::text = $1', [String(id)])
    }
    expect(await balancesOf(postgres, [a, b]), 'nothing was deleted').toEqual([999, 1001])
    expect(await rowsOf(postgres, [a, b]), 'nothing was deleted').toHaveLength(1)
  })
})

/** In SQL, whatever the type of the ids is. */
async function idOfNobody(db: Db): Promise<string> {
  const [column] = await db.query<{ type: string }>(
    'SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2',
    ['accounts', 'id'],
  )
  return column?.type === 'uuid' ? 'gen_random_uuid()' : `CAST('999999999' AS ${column?.type ?? 'bigint'})`
}

/** The statement is one that fits the tables and breaks a rule. */
async function refusesByItself(db: Db, sql: string, params: unknown[] = []): Promise<void> {
  const asked = `psql: ${sql.replaceAll(/\s+/g, ' ')}${params.length > 0 ? `   with ${params.join(', ')}` : ''}`
  const cause = await db.query(sql, params).then(
    () => undefined,
    (reason: unknown) => reason as Error & { code?: string },
  )
  if (cause === undefined) {
    throw wrongAnswer('the database let it happen: which constraint is missing in the table?', {
      asked,
      expected: 'an error: the database refuses it, whoever asks',
      got: 'done',
    })
  }
  // Class 42: no such table or column, no right to it, or types that do not fit.
  if (cause.code?.startsWith('42') === true) {
    throw wrongAnswer('the tables are not as the spec says', {
      asked,
      expected: 'an error because of a constraint',
      got: `${cause.code} ${cause.message}`,
    })
  }
}
