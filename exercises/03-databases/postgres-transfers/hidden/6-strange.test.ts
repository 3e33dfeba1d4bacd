import { expect } from 'vitest'
import { step, test } from 'learn-backend/kit'
import {
  accountPath,
  balancesOf,
  error,
  expectBalance,
  openAccount,
  openAccounts,
  rowsOf,
  send,
  theSame,
  transfer,
} from './bank.ts'

/** What would be run if any of these were pasted into a statement. */
const attacks = [
  `'; DELETE FROM transfers; --`,
  `'); UPDATE accounts SET balance = 1000000; --`,
  `' OR '1'='1`,
  `1 OR 1=1`,
  `0); DELETE FROM transfers; --`,
  `1; UPDATE accounts SET balance = 0; --`,
  `\\'; DROP TABLE transfers CASCADE; --`,
  `$1::text || (SELECT 1/0)::text`,
]

step('strange', () => {
  test('an owner is no SQL, in accounts and in lists', async ({ app, random }) => {
    for (const owner of attacks) {
      const id = await openAccount(app, 500, owner)
      const other = await openAccount(app, 500, owner)
      expect(await app.get(accountPath(id))).toContainJson({ owner, balance: 500 })
      await transfer(app, random, { from: id, to: other, amount: 1 })
      const list = await app.get(`${accountPath(id)}/transfers`)
      expect(list).toHaveStatus(200)
      expect(list).toContainJson({ transfers: [{ fromOwner: owner, toOwner: owner, amount: 1 }] })
    }
  })

  test('an id is no SQL, in the path and in transfers', async ({ app, postgres, random }) => {
    const [a, b] = [await openAccount(app, 500), await openAccount(app, 500)]
    await transfer(app, random, { from: a, to: b, amount: 1 })
    for (const attack of attacks.map((text) => random.pick([text, `${a}${text}`, `${a} ${text}`]))) {
      expect(await app.get(accountPath(attack)), 'no account has this id').toAnswer(404, error)
      expect(await app.get(`${accountPath(attack)}/transfers`), 'no account has this id').toAnswer(404, error)
      expect(await send(app, { from: a, to: attack, amount: 1 }, random.uuid())).toAnswer(404, error)
      expect(await send(app, { from: attack, to: a, amount: 1 }, random.uuid())).toAnswer(404, error)
    }
    expect(await balancesOf(postgres, [a, b]), 'one transfer of 1').toEqual([499, 501])
    expect(await rowsOf(postgres, [a, b]), 'one transfer of 1').toHaveLength(1)
  })

  test('a key is no SQL', async ({ app, postgres, random }) => {
    const [from, to] = (await openAccounts(app, 2, 500)) as [string, string]
    for (const attack of attacks) {
      const key = `${attack} ${random.hex(6)}`
      const first = await send(app, { from, to, amount: 2 }, key)
      expect(first, 'a key that was not used before').toHaveStatus(201)
      expect(await send(app, { from, to, amount: 2 }, key), 'the same again').toAnswer(201, theSame(first))
    }
    expect(await rowsOf(postgres, [from]), 'as many transfers as keys').toHaveLength(attacks.length)
  })

  test('limit and cursor are no SQL', async ({ app, random }) => {
    const [a, b] = [await openAccount(app, 500), await openAccount(app, 500)]
    for (let i = 1; i <= 3; i++) await transfer(app, random, { from: a, to: b, amount: i })
    for (const attack of attacks.map(encodeURIComponent)) {
      expect(await app.get(`${accountPath(a)}/transfers?limit=${attack}`)).toAnswer(400, error)
      expect(await app.get(`${accountPath(a)}/transfers?cursor=${attack}`)).toAnswer(400, error)
    }
    const list = await app.get(`${accountPath(a)}/transfers`)
    expect(list, 'three transfers were made').toContainJson({
      transfers: [{ amount: 3 }, { amount: 2 }, { amount: 1 }],
    })
  })

  test('nothing that a client sends leads to a 5xx', async ({ app, random }) => {
    const [a, b] = [await openAccount(app, 500), await openAccount(app, 500)]
    const paths = [
      '/accounts/%00',
      `/accounts/${a}%00`,
      '/accounts/%27',
      '/accounts/%F0%28%8C%BC',
      '/accounts/..%2F..',
      `/accounts/${'7'.repeat(3000)}`,
    ]
    for (const path of paths) expect(await app.get(path), 'no account has such an id').toHaveStatus([400, 404, 414])
    const ids = ['a\0b', 1.5, -7, 1e300, ' ', `${a}\0`, random.unicode()]
    for (const id of ids) {
      expect(await send(app, { from: a, to: id, amount: 1 }, random.uuid()), 'no account has such an id').toHaveStatus([
        400, 404,
      ])
    }
    const disguised = typeof a === 'number' ? String(a) : Number(a)
    const same = await send(app, { from: a, to: disguised, amount: 1 }, random.uuid())
    expect(same, 'either the same account, or none: you decide whether 7 and "7" are the same id').toHaveStatus([
      400, 404,
    ])
    for (const id of [['1'], { id: 1 }, { $ne: null }, false]) {
      const json = { from: id, to: b, amount: 1 }
      expect(await app.post('/transfers', { json, headers: { 'idempotency-key': random.uuid() } })).toAnswer(400, error)
    }
    const cents = random.pick(['1e400', '-0.0000001', '99999999999999999999999999', '1_000', '0x10', 'NaN'])
    const body = `{"from":${JSON.stringify(a)},"to":${JSON.stringify(b)},"amount":${cents}}`
    const headers = { 'content-type': 'application/json', 'idempotency-key': random.uuid() }
    expect(await app.post('/transfers', { body, headers })).toAnswer(400, error)
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    expect(await app.post('/transfers', { body: deep, headers })).toHaveStatus([400, 413])
    await expectBalance(app, a, 500, 'nothing of all that was a transfer')
  })
})
