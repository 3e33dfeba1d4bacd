import type { Database, Query } from './database.ts'
import { Refusal } from './refusal.ts'

export interface Order {
  from: number
  to: number
  amount: number
}

export interface Transfer extends Order {
  id: number
  createdAt: Date
}

export interface ListedTransfer extends Transfer {
  fromOwner: string
  toOwner: string
}

const columns = 'id, from_id AS "from", to_id AS "to", amount, created_at AS "createdAt"'

/**
 * Moves the money, and answers the transfer. For a key that was used before it answers the earlier one.
 *
 * The key is a column of the transfer: both are there, or neither, whatever happens in between.
 */
export function makeTransfer(database: Database, order: Order, key: string): Promise<Transfer> {
  const { from, to, amount } = order
  return database.transaction(async (query) => {
    // From here on nobody else changes these two balances. Locked in the order of their ids, whichever way the money
    // goes, they can't end in a deadlock. NO KEY: foreign keys of others may still refer to these rows.
    const accounts = await query<{ id: number; balance: number }>(
      'SELECT id, balance FROM accounts WHERE id IN ($1, $2) ORDER BY id FOR NO KEY UPDATE',
      [from, to],
    )
    if (accounts.length < 2) throw new Refusal(404, 'there is no such account')

    // If another transaction is just using the key, this waits for its end. The unique index decides, not a look before.
    const [transfer] = await query<Transfer>(
      `INSERT INTO transfers (from_id, to_id, amount, idempotency_key) VALUES ($1, $2, $3, $4)
       ON CONFLICT (idempotency_key) DO NOTHING RETURNING ${columns}`,
      [from, to, amount, key],
    )
    if (transfer === undefined) return earlierTransfer(query, order, key)

    const balance = accounts.find(({ id }) => id === from)?.balance ?? 0
    if (balance < amount) throw new Refusal(409, 'there is not enough money in the account')
    await query('UPDATE accounts SET balance = balance - $2 WHERE id = $1', [from, amount])
    await query('UPDATE accounts SET balance = balance + $2 WHERE id = $1', [to, amount])
    return transfer
  })
}

async function earlierTransfer(query: Query, { from, to, amount }: Order, key: string): Promise<Transfer> {
  const [earlier] = await query<Transfer>(`SELECT ${columns} FROM transfers WHERE idempotency_key = $1`, [key])
  if (earlier?.from === from && earlier.to === to && earlier.amount === amount) return earlier
  throw new Refusal(422, 'this Idempotency-Key belongs to another transfer')
}

/** One page, newest first. `next` is the cursor of the page after it. */
export async function listTransfers(
  database: Database,
  { account, limit, cursor }: { account: number; limit: number; cursor: number | undefined },
): Promise<{ transfers: ListedTransfer[]; next: string | null }> {
  // Pages are cut by id: it is unique, as a time would not be, and stays where it is, as an offset would not.
  const found = await database.query<ListedTransfer>(
    `SELECT t.id, t.from_id AS "from", t.to_id AS "to", t.amount, t.created_at AS "createdAt",
       giver.owner AS "fromOwner", taker.owner AS "toOwner"
     FROM transfers t JOIN accounts giver ON giver.id = t.from_id JOIN accounts taker ON taker.id = t.to_id
     WHERE (t.from_id = $1 OR t.to_id = $1) AND ($2::bigint IS NULL OR t.id < $2)
     ORDER BY t.id DESC LIMIT $3`,
    [account, cursor ?? null, limit + 1], // one more than asked for tells whether there is another page
  )
  const transfers = found.slice(0, limit)
  return { transfers, next: found.length > limit ? String(transfers.at(-1)?.id) : null }
}
