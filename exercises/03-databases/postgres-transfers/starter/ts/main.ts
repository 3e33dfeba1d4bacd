import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Pool } from 'pg'

const port = Number(process.env.PORT ?? 3000)
const pool = new Pool({ connectionString: process.env.DATABASE_URL ?? 'postgres://localhost/app' })
// Without a listener, an idle connection that breaks would end the process.
pool.on('error', (error) => console.error(`lost a connection: ${error.message}`))

async function handle(request: IncomingMessage, response: ServerResponse) {
  // This is how to ask the database. Begin with GET /health.
  const { rows } = await pool.query<{ answer: number }>('SELECT 1 AS answer')
  console.log(`${request.method} ${request.url}: the database says ${rows[0]?.answer}`)
  sendJson(response, 501, { error: 'not implemented yet' })
}

function sendJson(response: ServerResponse, status: number, value: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    console.error(error)
    sendJson(response, 500, { error: 'something went wrong' })
  })
})

server.listen(port, '127.0.0.1', () => console.log(`transfers on http://127.0.0.1:${port}`))
