import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { createBreaker } from './breaker.js'
import { createStaleAnswers } from './stale.js'
import { ask } from './upstream.js'

const port = Number(process.env.PORT ?? 3000)
const upstreamUrl = process.env.UPSTREAM_URL ?? 'http://127.0.0.1:4000'
const timeoutMs = Number(process.env.TIMEOUT_MS ?? 3000)
const threshold = Number(process.env.FAILURE_THRESHOLD ?? 5)
const openMs = Number(process.env.OPEN_MS ?? 10_000)

const breaker = createBreaker({ threshold, openMs })
const stale = createStaleAnswers()

async function handle(request, response) {
  const method = request.method ?? 'GET'
  const path = request.url ?? '/'
  if (method === 'GET' && path === '/status') {
    return sendJson(response, 200, { state: breaker.state(), failures: breaker.failures() })
  }
  // The body comes before the breaker is asked: a client that sends slowly must not occupy the place of the probe.
  const body = await buffer(request)

  const settle = breaker.admit()
  if (settle === undefined) {
    const seconds = Math.max(1, Math.ceil(breaker.waitMs() / 1000))
    return fallBack(() =>
      sendJson(response, 503, { error: 'the upstream is given a rest' }, { 'retry-after': String(seconds) }),
    )
  }

  // The call goes on when the client leaves: its outcome is news for the breaker, and its answer is worth remembering.
  const contentType = request.headers['content-type']
  const outcome = await ask(upstreamUrl, { method, path, contentType, body }, timeoutMs)
  settle(typeof outcome !== 'string' && outcome.status < 500)

  if (outcome === 'timeout') {
    return fallBack(() => sendJson(response, 504, { error: 'the upstream did not answer in time' }))
  }
  if (outcome === 'broken') {
    return fallBack(() => sendJson(response, 502, { error: 'the upstream could not be reached' }))
  }
  if (outcome.status >= 500) return fallBack(() => send(response, outcome))
  if (method === 'GET' && outcome.status >= 200 && outcome.status < 300) stale.remember(path, outcome)
  return send(response, outcome)

  function fallBack(sendError) {
    const remembered = method === 'GET' ? stale.get(path) : undefined
    if (remembered === undefined) sendError()
    else send(response, remembered, { 'x-stale': 'true' })
  }
}

function send(response, answer, headers = {}) {
  if (answer.contentType !== undefined) response.setHeader('content-type', answer.contentType)
  response.writeHead(answer.status, headers).end(answer.body)
}

function sendJson(response, status, value, headers = {}) {
  const body = Buffer.from(JSON.stringify(value))
  send(response, { status, contentType: 'application/json', body }, headers)
}

const server = createServer((request, response) => {
  // Only the reading of the client's own body can fail here, and then there is nobody left to answer.
  handle(request, response).catch(() => response.destroy())
})

server.listen(port, '127.0.0.1', () => console.log(`gateway for ${upstreamUrl} on port ${port}`))
