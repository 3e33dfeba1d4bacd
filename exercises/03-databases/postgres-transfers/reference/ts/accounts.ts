import type { Database } from './database.ts'
import { Refusal } from './refusal.ts'

export interface Account {
  id: number
  owner: string
  balance: number
}

export async function openAccount(database: Database, owner: string, balance: number): Promise<Account | undefined> {
  const sql = 'INSERT INTO accounts (owner, balance) VALUES ($1, $2) RETURNING id, owner, balance'
  const [account] = await database.query<Account>(sql, [owner, balance])
  return account
}

export async function findAccount(database: Database, id: number): Promise<Account> {
  const [account] = await database.query<Account>('SELECT id, owner, balance FROM accounts WHERE id = $1', [id])
  if (account === undefined) throw new Refusal(404, 'there is no such account')
  return account
}
