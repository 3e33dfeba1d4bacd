import { expect } from 'vitest'
import { type Answer, type App, step, test } from 'learn-backend/kit'
import { accountPath, type Db, error, type Id, openAccount, transfer } from './bank.ts'
import { wrongAnswer } from './wrong-answer.ts'

step('list', () => {
  test('lists transfers from and to an account, newest first, with the owners', async ({ app, random }) => {
    const owners = [random.unicode(), `${random.name()} A`, `${random.name()} B`]
    const [a, b, c] = [
      await openAccount(app, 900, owners[0]),
      await openAccount(app, 900, owners[1]),
      await openAccount(app, 900, owners[2]),
    ]
    const orders = [
      { from: a, to: b, amount: 11 },
      { from: c, to: b, amount: 12 },
      { from: c, to: a, amount: 13 },
      { from: a, to: b, amount: 14 },
    ]
    const made: unknown[] = []
    for (const order of orders) {
      const { json } = await transfer(app, random, order)
      const owner = (id: Id) => owners[[a, b, c].indexOf(id)]
      const { id, from, to, amount } = json
      const createdAt = expect.any(String)
      const listed = { id, from, to, amount, createdAt, fromOwner: owner(order.from), toOwner: owner(order.to) }
      made.push(expect.objectContaining(listed))
    }
    const list = await app.get(`${accountPath(a)}/transfers`)
    expect(list, 'the account took part in the first, third and fourth of four transfers').toHaveStatus(200)
    expect(list, 'newest first').toContainJson({ transfers: [made[3], made[2], made[0]], next: null })
    expect(await app.get(`${accountPath(c)}/transfers`)).toContainJson({ transfers: [made[2], made[1]], next: null })
  })

  test('an account without transfers has an empty list, an unknown one 404', async ({ app, random }) => {
    const id = await openAccount(app, 100)
    const list = await app.get(`${accountPath(id)}/transfers`)
    expect(list).toHaveStatus(200)
    expect(list).toContainJson({ transfers: [], next: null })
    for (const nobody of ['999999999', '9'.repeat(30), random.uuid(), `${id}x`]) {
      expect(await app.get(`${accountPath(nobody)}/transfers`), 'no account has this id').toAnswer(404, error)
    }
  })

  test('lists what somebody wrote into the table by hand', async ({ app, postgres, random }) => {
    const { hub } = await seed(postgres, random.name(), 3)
    const list = await app.get(`${accountPath(hub)}/transfers`)
    expect(list).toHaveStatus(200)
    const right = [2, 1, 0].map((n) => expect.objectContaining({ amount: n + 1, ...ownersOf(n) }))
    const why = 'three transfers were made with INSERT INTO transfers'
    expect(list, why).toContainJson({ transfers: expect.arrayContaining(right), next: null })
    expectAmounts([list], numbers(3), why)
  })

  test('a page needs at most ten statements', async ({ app, postgres, random }) => {
    const { hub } = await seed(postgres, random.name(), 19)
    postgres.link.forget()
    const list = await app.get(`${accountPath(hub)}/transfers`)
    expect(list).toHaveStatus(200)
    expect(list).toContainJson({ transfers: expect.any(Array) })
    expect(list.json.transfers, '19 transfers with 19 different partners').toHaveLength(19)
    const statements = postgres.link.exchanges.map(({ text }) => text.replaceAll(/\s+/g, ' ').slice(0, 160))
    expect(statements.length, 'the list must come from the database, and this link leads there').toBeGreaterThan(0)
    if (statements.length <= 10) return
    throw wrongAnswer('a statement for each transfer in the list: can one statement fetch what all of them need?', {
      asked: `GET ${accountPath(hub)}/transfers, a list of 19 transfers`,
      expected: 'at most 10 SQL statements, however many transfers are on the page',
      got: `${statements.length} statements, such as: ${[...statements.slice(0, 2), ...statements.slice(-2)].join(' | ')}`,
    })
  })
})

step('pages', () => {
  test('a page has 20 transfers, or as many as limit says', async ({ app, postgres, random }) => {
    const { hub } = await seed(postgres, random.name(), 103)
    for (const [query, size] of [
      ['', 20],
      ['?limit=1', 1],
      ['?limit=7', 7],
      ['?limit=100', 100],
    ] as const) {
      const page = await app.get(`${accountPath(hub)}/transfers${query}`)
      expect(page).toHaveStatus(200)
      expectAmounts([page], numbers(103).slice(0, size), `the account has 103 transfers; a page of ${size}`)
      expect(page, 'there are older transfers').toContainJson({ next: expect.any(String) })
    }
  })

  test('following next leads to each transfer once', async ({ app, postgres, random }) => {
    const { hub } = await seed(postgres, random.name(), 53)
    const limit = random.int(6, 9)
    const pages = await walk(app, hub, limit)
    expectAmounts(pages, numbers(53), `53 transfers, many of them made at the same time, in pages of ${limit}`)
    const sizes = pages.map(({ json }) => json.transfers.length as number)
    const right = Array.from({ length: Math.ceil(53 / limit) }, (_, i) => Math.min(limit, 53 - i * limit))
    expect(sizes, `53 transfers in pages of ${limit}: sizes of the pages`).toEqual(right)
  })

  test('next is null on the last page, even if that is full', async ({ app, postgres, random }) => {
    const { hub } = await seed(postgres, random.name(), 20)
    const all = await app.get(`${accountPath(hub)}/transfers`)
    expectAmounts([all], numbers(20), '20 transfers on a page of 20')
    expect(all, '20 transfers on a page of 20: there are no older ones').toContainJson({ next: null })
    const pages = await walk(app, hub, 10)
    expectAmounts(pages, numbers(20), '20 transfers in pages of 10')
    expect(pages.length, '20 transfers in pages of 10: the second page has the last ones, so its next is null').toBe(2)
  })

  test('transfers that come in meanwhile change nothing for who is following next', async ({
    app,
    postgres,
    random,
  }) => {
    const { hub } = await seed(postgres, random.name(), 31)
    const from = (await app.get(accountPath(hub))).json.id as Id
    const to = await openAccount(app, 0)
    const pages = await walk(app, hub, 8, async () => {
      for (let i = 0; i < 3; i++) {
        await transfer(app, random, { from, to, amount: 100_000 + i }, 'a new transfer between two pages')
      }
    })
    const why = '31 transfers in pages of 8; before each further page, 3 new transfers were made'
    expectAmounts(pages, numbers(31), why, (amount) => amount < 100_000)
  })

  test('refuses a bad limit or cursor with 400', async ({ app, postgres, random }) => {
    const { hub } = await seed(postgres, random.name(), 3)
    for (const limit of ['0', '-1', '101', '1000000000000000000000', '2.5', 'ten', '5x']) {
      expect(await app.get(`${accountPath(hub)}/transfers?limit=${limit}`)).toAnswer(400, error)
    }
    for (const cursor of ['!', 'no cursor of yours', random.unicode(), '\0', '[]']) {
      expect(await app.get(`${accountPath(hub)}/transfers?cursor=${encodeURIComponent(cursor)}`)).toAnswer(400, error)
    }
  })
})

/**
 * Inserts by hand an account with transfers of 1, 2, 3 ... cents with a partner each, in turn to and from it; five at a
 * time have the same time, and the next five are a microsecond younger.
 */
async function seed(db: Db, owner: string, count: number): Promise<{ hub: string }> {
  const accounts = await db.query<{ id: string }>(
    `INSERT INTO accounts (owner, balance) SELECT $1::text || ' ' || n, 1000000 FROM generate_series(0, $2::int) n ORDER BY n
     RETURNING id::text AS id`,
    [owner, count],
  )
  const [hub = '', ...partners] = accounts.map(({ id }) => id)
  await db.query(
    `INSERT INTO transfers (from_id, to_id, amount, created_at)
     SELECT CASE n % 2 WHEN 0 THEN hub.id ELSE partner.id END, CASE n % 2 WHEN 0 THEN partner.id ELSE hub.id END, n,
       date_trunc('second', now()) - interval '1 hour' + (n / 5) * interval '1 microsecond'
     FROM unnest($2::text[]) WITH ORDINALITY AS given (id, n)
     JOIN accounts partner ON partner.id::text = given.id JOIN accounts hub ON hub.id::text = $1
     ORDER BY n`,
    [hub, partners],
  )
  return { hub }
}

/** What a list has to say about the n-th partner (from 0) of an account that `seed` made. */
function ownersOf(n: number): Record<string, unknown> {
  const [hubOwner, partnerOwner] = [expect.stringMatching(/ 0$/), expect.stringMatching(new RegExp(` ${n + 1}$`))]
  return n % 2 === 0 ? { fromOwner: partnerOwner, toOwner: hubOwner } : { fromOwner: hubOwner, toOwner: partnerOwner }
}

/** From `count` down to 1: the amounts of a seeded account as a list shows them. */
function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => count - i)
}

async function walk(app: App, hub: Id, limit: number, between?: () => Promise<void>): Promise<Answer[]> {
  const pages: Answer[] = []
  let cursor: string | null = null
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await app.get(`${accountPath(hub)}/transfers?limit=${limit}${after}`)
    expect(page, `page ${pages.length + 1}`).toHaveStatus(200)
    expect(page, 'next is a string, or null on the last page').toContainJson({ transfers: expect.any(Array) })
    pages.push(page)
    cursor = page.json.next as string | null
    if (cursor !== null) await between?.()
  } while (cursor !== null && pages.length < 30)
  return pages
}

/** Transfers made at the same time may come in any order. */
function expectAmounts(
  pages: Answer[],
  right: number[],
  why: string,
  which: (amount: number) => boolean = () => true,
): void {
  const amounts = pages
    .flatMap(({ json }) => (json.transfers as { amount: number }[]).map(({ amount }) => amount))
    .filter(which)
  const asked = `GET .../transfers, ${pages.length === 1 ? 'one page' : `${pages.length} pages, following next`}`
  const expected = `${why}: amounts ${right.join(' ')}`
  const ordered = amounts.every((amount, i) => i === 0 || group(amount) <= group(amounts[i - 1] ?? 0))
  const complete = right.length === amounts.length && right.map(group).join() === amounts.map(group).join()
  if (ordered && complete && new Set(amounts).size === amounts.length) return
  const got = `amounts ${amounts.join(' ')}`
  if (!ordered) throw wrongAnswer('newest first: the transfers are not in this order', { asked, expected, got })
  const twice = amounts.filter((amount, i) => amounts.indexOf(amount) !== i)
  const missing = right.filter((amount) => !amounts.includes(amount))
  const what = [missing.length > 0 && `missing: ${missing.join(' ')}`, twice.length > 0 && `twice: ${twice.join(' ')}`]
  throw wrongAnswer('not each transfer once: where exactly does the next page begin?', {
    asked,
    expected,
    got: [got, ...what.filter(Boolean)].join('; '),
  })
}

/** `seed` gives five at a time the same time. */
const group = (amount: number) => Math.floor(amount / 5)
