import { Client } from 'pg'

/** Only ever added to: what has been applied somewhere is not edited any more. */
const migrations = [
  `CREATE TABLE accounts (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     owner text NOT NULL,
     balance bigint NOT NULL CHECK (balance >= 0)
   )`,
  `CREATE TABLE transfers (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     from_id bigint NOT NULL REFERENCES accounts,
     to_id bigint NOT NULL REFERENCES accounts,
     amount bigint NOT NULL CHECK (amount > 0),
     created_at timestamptz NOT NULL DEFAULT now(),
     idempotency_key text UNIQUE,
     CHECK (from_id <> to_id)
   );
   CREATE INDEX ON transfers (from_id, id);
   CREATE INDEX ON transfers (to_id, id)`,
]

/** Any number: it only has to be the same in all instances. */
const LOCK = 20_261_122

/** Brings the tables up to date, in one transaction: a migration that was interrupted has not happened. */
export async function migrate(url: string | undefined): Promise<void> {
  // A connection of its own, because a migration may take longer than a request.
  const client = new Client(url)
  await client.connect()
  try {
    await client.query('BEGIN')
    // One instance goes ahead; the others wait here, and then find everything done. IF NOT EXISTS alone is not enough:
    // two that look at the same moment both see nothing, and the second one fails.
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK])
    await client.query('CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY)')
    const { rows } = await client.query<{ version: number }>('SELECT version FROM migrations')
    const applied = new Set(rows.map(({ version }) => version))
    for (const [index, sql] of migrations.entries()) {
      if (applied.has(index + 1)) continue
      await client.query(sql)
      await client.query('INSERT INTO migrations VALUES ($1)', [index + 1])
    }
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}
