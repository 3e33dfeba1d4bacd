import { createServer } from 'node:http'
import { availableParallelism } from 'node:os'
import { createPool } from './pool.js'
import { parsePuzzle } from './puzzle.js'

const port = Number(process.env.PORT ?? 3000)
const upstreamUrl = process.env.UPSTREAM_URL ?? 'http://127.0.0.1:4000'
const pool = createPool({
  file: new URL('worker.js', import.meta.url),
  size: Number(process.env.WORKERS ?? availableParallelism()),
  limit: Number(process.env.QUEUE_LIMIT ?? 16),
})

async function handle(request, response) {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const gone = new AbortController()
  // Also fires after a complete answer, when there is nothing left to abort.
  response.once('close', () => gone.abort())

  if (url.pathname === '/health') return answer(response, 200, { status: 'ok' })
  if (url.pathname === '/stats') return answer(response, 200, pool.stats())
  if (url.pathname.startsWith('/lookup/')) return lookUp(url.pathname, response, gone.signal)
  if (url.pathname === '/solve') return open(url.searchParams, response, gone.signal)
  answer(response, 404, { error: 'there is nothing at this path' })
}

async function open(query, response, gone) {
  const puzzle = parsePuzzle(query)
  if (puzzle === undefined) return answer(response, 400, { error: 'base, modulus and squarings do not make a puzzle' })
  const solving = pool.run(puzzle, gone)
  if (solving === undefined) {
    response.setHeader('retry-after', '1')
    return answer(response, 503, { error: 'too many puzzles are waiting' })
  }
  answer(response, 200, { result: String(await solving) })
}

async function lookUp(path, response, gone) {
  const found = await ask(upstreamUrl + path, gone)
  if (found === undefined) return answer(response, 502, { error: 'the upstream gave no good answer' })
  response.writeHead(200, { 'content-type': 'application/json' }).end(found)
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    if (response.destroyed) return // The client has gone, which is what made it fail.
    console.error(error)
    answer(response, 500, { error: 'something went wrong here' })
  })
})
server.listen(port, '127.0.0.1', () => console.log(`Listening on port ${port}`))

/** The body of a 200, undefined for everything else. */
async function ask(url, signal) {
  try {
    const answer = await fetch(url, { signal })
    const body = Buffer.from(await answer.arrayBuffer())
    return answer.status === 200 ? body : undefined
  } catch {
    return undefined
  }
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
