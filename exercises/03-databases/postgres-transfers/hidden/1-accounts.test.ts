import { expect } from 'vitest'
import { step, test } from 'learn-backend/kit'
import {
  accountPath,
  allQuiet,
  balancesOf,
  error,
  expectBalance,
  inBackground,
  openAccount,
  sessionsWaiting,
} from './bank.ts'
import { wrongAnswer } from './wrong-answer.ts'

step('health', () => {
  test('GET /health answers 200 with a status', async ({ app }) => {
    const answer = await app.get('/health')
    expect(answer).toHaveStatus(200)
    expect(answer).toContainJson({ status: 'ok' })
  })
})

step('accounts', () => {
  test('opens an account and shows it', async ({ app, random }) => {
    const account = { owner: `${random.name()} ${random.word()}`, balance: random.int(1, 99_999) }
    const opened = await app.post('/accounts', { json: account })
    expect(opened).toHaveStatus(201)
    expect(opened).toContainJson(account)
    expect(['string', 'number'], 'the id is a string or an integer').toContain(typeof opened.json.id)
    const shown = await app.get(accountPath(opened.json.id))
    expect(shown).toHaveStatus(200)
    expect(shown).toContainJson({ id: opened.json.id, ...account })
  })

  test('opens several accounts of one owner', async ({ app, random }) => {
    const owner = random.name()
    const [first, second] = [await openAccount(app, 100, owner), await openAccount(app, 200, owner)]
    await expectBalance(app, first, 100, 'two accounts were opened for the same owner, this is the first')
    await expectBalance(app, second, 200, 'two accounts were opened for the same owner, this is the second')
  })

  test('keeps any owner and any balance as they came', async ({ app, random }) => {
    const owners = [random.unicode(), "O'Hara", 'a "b" \\ c', '%s $1 {0} ?', '𝒳'.repeat(30), 'x'.repeat(100)]
    const balances = [0, 2_147_483_648, 999_999_999_999, 1_000_000_000_000, random.int(5e9, 9e11), 1]
    for (const [i, owner] of owners.entries()) {
      const account = { owner, balance: balances[i] }
      const opened = await app.post('/accounts', { json: account })
      expect(opened).toHaveStatus(201)
      expect(opened).toContainJson(account)
      const shown = await app.get(accountPath(opened.json.id))
      expect(shown).toHaveStatus(200)
      expect(shown).toContainJson(account)
    }
  })

  test('refuses what is no owner or no balance', async ({ app }) => {
    const owners = [undefined, null, '', 7, true, ['Ada'], { name: 'Ada' }, 'x'.repeat(101), 'Ada\0Lovelace']
    const balances = [undefined, null, '100', true, -1, 10.5, 1_000_000_000_001, 1e300, [100]]
    const bodies = [
      ...owners.map((owner) => ({ owner, balance: 100 })),
      ...balances.map((balance) => ({ owner: 'Ada', balance })),
      null,
      [],
      'Ada',
      7,
    ]
    for (const json of bodies) expect(await app.post('/accounts', { json })).toAnswer(400, error)
    const headers = { 'content-type': 'application/json' }
    for (const body of ['', '{"owner":"Ada","balance":', 'owner=Ada&balance=1']) {
      expect(await app.post('/accounts', { body, headers })).toAnswer(400, error)
    }
  })

  test('an id that nobody has gets 404', async ({ app, random }) => {
    const id = await openAccount(app, 100)
    const ids = ['0', '-1', '999999999', '9'.repeat(30), random.uuid(), 'null', `${id}x`, `${id}.5`, random.unicode()]
    for (const other of ids) {
      expect(await app.get(accountPath(other)), `no account has the id ${other}`).toAnswer(404, error)
    }
  })

  test('shares the table accounts with whoever comes by psql', async ({ app, postgres, random }) => {
    const id = await openAccount(app, 4711)
    expect(await balancesOf(postgres, [id]), `SELECT balance FROM accounts WHERE id = ${id}`).toEqual([4711])
    const owner = random.name()
    const [row] = await postgres.query<{ id: string }>(
      'INSERT INTO accounts (owner, balance) VALUES ($1, 815) RETURNING id::text AS id',
      [owner],
    )
    const answer = await app.get(accountPath(row?.id ?? ''))
    expect(answer, 'the account was made with INSERT INTO accounts (owner, balance)').toHaveStatus(200)
    expect(answer).toContainJson({ owner, balance: 815 })
    await postgres.query('UPDATE accounts SET balance = 816 WHERE id::text = $1', [row?.id])
    await expectBalance(app, row?.id ?? '', 816, 'the balance was changed with UPDATE accounts')
  })
})

step('migrations', () => {
  test('starts again on tables that are there, and keeps what is in them', async ({ start, postgres }) => {
    const db = await postgres.database()
    const app = await start({ env: db.env })
    await expectTables(db)
    const id = await openAccount(app, 1234)
    await app.restart()
    await expectBalance(app, id, 1234, 'this account was opened before the program was started again')
    await app.kill() // before its database goes away
  })

  test('several instances may start at the same moment on an empty database', async ({ start, postgres }) => {
    const db = await postgres.database()
    // Nobody can make a table while this is locked, so that all instances are at it when the lock goes.
    const other = await db.connect()
    await other.query('BEGIN')
    await other.query('LOCK TABLE pg_catalog.pg_class IN SHARE MODE')
    let listening = 0
    const starts = [0, 1].map(async () => {
      const app = await start({ env: db.env, deadline: 12_000 })
      listening++
      return app
    })
    const started = inBackground(Promise.all(starts))
    await sessionsWaiting(db, 2, 2500)
    expect(listening, 'instances that listen already, although nobody could make a table so far').toBe(0)
    await other.query('ROLLBACK')
    const instances = await started
    await expectTables(db)
    for (const [i, app] of instances.entries()) {
      const id = await openAccount(app, 100 + i)
      for (const instance of instances) {
        await expectBalance(instance, id, 100 + i, 'the account was opened at another instance on the same database')
      }
    }
    await Promise.all(instances.map((app) => app.kill()))
  })

  test('completes a migration that was interrupted', async ({ start, postgres }) => {
    const db = await postgres.database()
    // Somebody else is just making a table of this name. Whoever wants to make one, too, has to wait.
    const other = await db.connect()
    await other.query('BEGIN')
    await other.query('CREATE TABLE transfers (id integer)')
    const killed = await start({ env: db.env, ready: 'none' })
    await sessionsWaiting(db, 1, 2500)
    await killed.kill()
    await other.query('ROLLBACK')
    await allQuiet(db)
    const app = await start({ env: db.env })
    await expectTables(db)
    await expectBalance(app, await openAccount(app, 55), 55, 'the first start was killed while it made the tables')
    await app.kill()
  })
})

async function expectTables(db: { query(sql: string): Promise<unknown[]> }): Promise<void> {
  const columns = { accounts: 'id, owner, balance', transfers: 'id, from_id, to_id, amount, created_at' }
  for (const [table, names] of Object.entries(columns)) {
    const sql = `SELECT ${names} FROM ${table} LIMIT 1`
    await db.query(sql).catch((cause: unknown) => {
      throw wrongAnswer(`the table ${table} is not as the spec says, although the program has started`, {
        asked: sql,
        expected: 'a table with these columns',
        got: String(cause),
      })
    })
  }
}
