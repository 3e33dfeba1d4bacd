import { createServer, type IncomingMessage } from 'node:http'
import { findAccount, openAccount } from './accounts.ts'
import { openDatabase, Unavailable } from './database.ts'
import { readCents, readCursor, readFields, readId, readKey, readLimit, readOwner, readReference } from './input.ts'
import { migrate } from './migrations.ts'
import { Refusal } from './refusal.ts'
import { listTransfers, makeTransfer } from './transfers.ts'

const port = Number(process.env.PORT ?? 3000)
const url = process.env.DATABASE_URL
const poolSize = Number(process.env.DB_POOL_SIZE ?? 10)
const timeoutMs = Number(process.env.DB_TIMEOUT_MS ?? 5000)

interface Reply {
  status: number
  body: unknown
}

await migrate(url)
const database = openDatabase({ url, poolSize, timeoutMs })

async function answer(request: IncomingMessage): Promise<Reply> {
  const [path = '', search = ''] = (request.url ?? '').split('?', 2)
  const id = path.split('/')[2] ?? ''
  const pattern = path.replace(/^(\/\w+\/)[^/]*/, '$1:id')
  switch (`${request.method} ${pattern}`) {
    case 'GET /health':
      await database.query('SELECT 1')
      return { status: 200, body: { status: 'ok' } }

    case 'POST /accounts': {
      const fields = await readFields(request)
      const account = await openAccount(database, readOwner(fields), readCents(fields, 'balance', 0))
      return { status: 201, body: account }
    }
    case 'GET /accounts/:id':
      return { status: 200, body: await findAccount(database, readId(id)) }

    case 'POST /transfers': {
      const key = readKey(request.headers['idempotency-key'])
      const fields = await readFields(request)
      const amount = readCents(fields, 'amount', 1)
      const [from, to] = [readReference(fields, 'from'), readReference(fields, 'to')]
      if (from === to) throw new Refusal(400, 'a transfer needs two accounts')
      return { status: 201, body: await makeTransfer(database, { from, to, amount }, key) }
    }
    case 'GET /accounts/:id/transfers': {
      const query = new URLSearchParams(search)
      const [limit, cursor] = [readLimit(query.get('limit')), readCursor(query.get('cursor'))]
      const account = await findAccount(database, readId(id))
      return { status: 200, body: await listTransfers(database, { account: account.id, limit, cursor }) }
    }
    default:
      throw new Refusal(404, 'there is nothing here')
  }
}

function explain(error: unknown): Reply {
  if (error instanceof Refusal) return { status: error.status, body: { error: error.message } }
  console.error(error)
  if (error instanceof Unavailable) return { status: 503, body: { error: error.message } }
  return { status: 500, body: { error: 'something went wrong' } }
}

const server = createServer((request, response) => {
  void answer(request)
    .catch(explain)
    .then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
})

server.listen(port, '127.0.0.1', () => console.log(`transfers on http://127.0.0.1:${port}`))

process.once('SIGTERM', () => {
  server.close(() => void database.close())
  server.closeIdleConnections()
})
