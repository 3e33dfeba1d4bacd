import { DatabaseError, Pool, type PoolClient, type QueryResultRow, types } from 'pg'

/** The database could not be asked, or did not answer in time. Whether a statement took effect is not known. */
export class Unavailable extends Error {}

export type Query = <Row extends QueryResultRow>(sql: string, values?: unknown[]) => Promise<Row[]>

export interface Database {
  query: Query
  /** Commits what `work` did, or nothing of it if it throws. */
  transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

// Bigints come as text, because not all of them fit into a number. Ids, amounts and balances here are far below 2^53.
types.setTypeParser(types.builtins.INT8, Number)

export function openDatabase(options: { url: string | undefined; poolSize: number; timeoutMs: number }): Database {
  const { url, poolSize, timeoutMs } = options
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: timeoutMs, // for a free connection as well as for a new one
    statement_timeout: timeoutMs, // the server gives up: a statement that waits for a lock goes away
    query_timeout: timeoutMs, // we give up: a server that says nothing can't tell us that it has given up
  })
  // A connection that breaks says so by an event, idle or not, and an 'error' that nobody listens to ends the process.
  // Whoever is using the connection gets the error anyway, and the pool replaces an idle one.
  pool.on('error', (error) => console.error(`an idle connection broke: ${error.message}`))
  pool.on('connect', (client) => client.on('error', () => {}))

  return {
    query: async (sql, values) => (await unlessUnavailable(pool.query(sql, values))).rows,

    async transaction(work) {
      const client = await unlessUnavailable(pool.connect())
      try {
        await unlessUnavailable(client.query('BEGIN'))
        const result = await work(async (sql, values) => (await unlessUnavailable(client.query(sql, values))).rows)
        await unlessUnavailable(client.query('COMMIT'))
        client.release()
        return result
      } catch (error) {
        // In an unknown state it must not go back to the pool. Closed, it is rolled back by the server.
        const clean = !(error instanceof Unavailable) && (await rollBack(client))
        client.release(!clean)
        throw error
      }
    },

    close: () => pool.end(),
  }
}

function rollBack(client: PoolClient): Promise<boolean> {
  return client.query('ROLLBACK').then(
    () => true,
    () => false,
  )
}

async function unlessUnavailable<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked
  } catch (error) {
    if (!meansUnavailable(error)) throw error
    throw new Unavailable('the database does not answer', { cause: error })
  }
}

/** Connection trouble, too few resources, an operator's intervention (PostgreSQL manual, appendix A), or no answer at all. */
function meansUnavailable(error: unknown): boolean {
  return !(error instanceof DatabaseError) || /^(08|53|57)/.test(error.code ?? '')
}
