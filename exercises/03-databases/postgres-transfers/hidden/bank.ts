import { expect } from 'vitest'
import { type Answer, type App, type Random, type RequestOptions, sleep, together } from 'learn-backend/kit'
import { wrongAnswer } from './wrong-answer.ts'

/** As the solution gave it out: text or number. */
export type Id = string | number

/** What tests need of the service's own database, or of one made with `postgres.database()`. */
export interface Db {
  query<Row = Record<string, string>>(sql: string, params?: unknown[]): Promise<Row[]>
  connect(): Promise<Session>
}

/** A connection of its own, closed after the test. */
interface Session {
  query(sql: string, params?: unknown[]): Promise<{ rows: unknown[] }>
  end(): Promise<void>
}

export interface Order {
  from: Id
  to: Id
  amount: number
}

export const error = expect.objectContaining({ error: expect.any(String) })

export async function openAccount(app: App, balance: number, owner = 'Ada Lovelace'): Promise<Id> {
  const answer = await app.post('/accounts', { json: { owner, balance } })
  expect(answer, 'opening an account, before the test itself begins').toHaveStatus(201)
  expect(answer, 'an account has an id').toContainJson({ owner })
  return answer.json.id as Id
}

/** What every further answer to the same request with the same key has to say; more fields are welcome. */
export function theSame({ json }: Answer): unknown {
  const { id, from, to, amount, createdAt } = json
  return expect.objectContaining({ id, from, to, amount, createdAt })
}

export function openAccounts(app: App, count: number, balance: number): Promise<Id[]> {
  return fourAtOnce(count, () => openAccount(app, balance))
}

/** What a slow program on a busy machine can do without any trouble. */
export async function fourAtOnce<T>(count: number, ask: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let i = 0; i < count; i += 4) results.push(...(await together(Math.min(4, count - i), (k) => ask(i + k))))
  return results
}

export const accountPath = (id: Id) => `/accounts/${encodeURIComponent(String(id))}`

/** POST /transfers. */
export function send(app: App, order: Order, key: string, options: RequestOptions = {}): Promise<Answer> {
  return app.post('/transfers', { json: order, headers: { 'idempotency-key': key }, ...options })
}

/** A transfer that has to work. */
export async function transfer(app: App, random: Random, order: Order, why = 'a transfer'): Promise<Answer> {
  const answer = await send(app, order, random.uuid())
  expect(answer, why).toHaveStatus(201)
  return answer
}

export async function expectBalance(app: App, id: Id, balance: number, why: string): Promise<void> {
  expect(await app.get(accountPath(id)), why).toAnswer(200, expect.objectContaining({ balance }))
}

/** Balances straight from the table, in the order of the ids. */
export async function balancesOf(db: Db, ids: Id[]): Promise<number[]> {
  const rows = await db.query<{ id: string; balance: string }>(
    'SELECT id::text AS id, balance::text AS balance FROM accounts WHERE id::text = ANY($1::text[])',
    [ids.map(String)],
  )
  const found = new Map(rows.map(({ id, balance }) => [id, Number(balance)]))
  return ids.map((id) => found.get(String(id)) ?? Number.NaN)
}

/** The rows of `transfers` between these accounts. */
export async function rowsOf(db: Db, ids: Id[]): Promise<{ id: string; from: string; to: string; amount: number }[]> {
  const rows = await db.query<{ id: string; from: string; to: string; amount: string }>(
    `SELECT id::text AS id, from_id::text AS "from", to_id::text AS "to", amount::text AS amount FROM transfers
     WHERE from_id::text = ANY($1::text[]) OR to_id::text = ANY($1::text[])`,
    [ids.map(String)],
  )
  return rows.map((row) => ({ ...row, amount: Number(row.amount) }))
}

/** What is promised after every crash: no cent lost or made, and each balance explained by the rows of `transfers`. */
export async function expectBooksInOrder(db: Db, ids: Id[], opening: number, asked: string): Promise<void> {
  const balances = await balancesOf(db, ids)
  const rows = await rowsOf(db, ids)
  const sum = balances.reduce((a, b) => a + b, 0)
  if (sum !== opening * ids.length) {
    throw wrongAnswer('money was lost or made: minus, plus and the row in transfers belong into one transaction', {
      asked,
      expected: `${ids.length} accounts with ${opening} each at first: ${opening * ids.length} in all`,
      got: `${sum} in all; balances ${balances.join(', ')}`,
    })
  }
  for (const [i, id] of ids.entries()) {
    const out = rows.filter(({ from }) => from === String(id)).reduce((total, { amount }) => total + amount, 0)
    const into = rows.filter(({ to }) => to === String(id)).reduce((total, { amount }) => total + amount, 0)
    if (balances[i] === opening - out + into) continue
    throw wrongAnswer('the rows of transfers do not explain a balance: they belong into the same transaction', {
      asked,
      expected: `account ${id}: ${opening} at first, minus ${out}, plus ${into} in transfers = ${opening - out + into}`,
      got: `a balance of ${balances[i]}`,
    })
  }
}

/** A promise that may fail while nobody looks: the test awaits it later, or not at all. */
export function inBackground<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** The answer, or undefined if there was none: for programs and databases that are being taken away. */
export function perhaps(answer: Promise<Answer>): Promise<Answer | undefined> {
  return answer.catch(() => undefined)
}

/** Asks until the answer has this status; the last answer when it never does. */
export async function until(status: number, ask: () => Promise<Answer>, deadline = 4000): Promise<Answer> {
  const end = performance.now() + deadline
  for (;;) {
    const answer = await ask()
    if (answer.status === status || performance.now() > end) return answer
    await sleep(40)
  }
}

/** Locks accounts as a transaction of somebody else would. */
export async function lock(db: Db, ids: Id[]): Promise<() => Promise<unknown>> {
  const other = await db.connect()
  await other.query('BEGIN')
  await other.query('SELECT 1 FROM accounts WHERE id::text = ANY($1::text[]) FOR UPDATE', [ids.map(String)])
  return () => other.query('ROLLBACK')
}

/** Waits until so many sessions of this database wait for a lock; goes on all the same when they never do. */
export async function sessionsWaiting(db: Db, sessions: number, deadline = 1200): Promise<void> {
  await polled(db, `wait_event_type = 'Lock'`, (count) => count >= sessions, deadline)
}

/** Waits until no statement or transaction of another session is under way: what a killed program left has ended. */
export async function allQuiet(db: Db, deadline = 2500): Promise<void> {
  await polled(db, `state <> 'idle'`, (count) => count === 0, deadline)
}

async function polled(db: Db, which: string, enough: (count: number) => boolean, deadline: number): Promise<void> {
  const end = performance.now() + deadline
  const session = await db.connect()
  const sql = `SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND ${which}`
  while (!enough((await session.query(sql)).rows.length) && performance.now() < end) await sleep(10)
  await session.end()
}

/** Watches the connections to this database until told to stop. Call it when there are no others than the solution's. */
export async function watchConnections(db: Db): Promise<{ stop(): Promise<{ most: number; different: number }> }> {
  const session = await db.connect()
  const sql = `SELECT pid || ' ' || backend_start AS name FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`
  const seen = new Set<string>()
  let [most, stopped] = [0, false]
  const watching = (async () => {
    while (!stopped) {
      const { rows } = await session.query(sql)
      most = Math.max(most, rows.length)
      for (const row of rows) seen.add((row as { name: string }).name)
      await sleep(5)
    }
  })()
  watching.catch(() => {}) // a test that fails does not stop it, and the connection is closed
  return {
    async stop() {
      stopped = true
      await watching
      return { most, different: seen.size }
    },
  }
}
