import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { addItems, parseItems, showCart } from './cart.ts'
import { Unavailable } from './memcached.ts'
import { endAllSessions, endSession, openSession, updateSession, useSession } from './sessions.ts'
import { settings } from './settings.ts'

/** A refusal that the client can do something about. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

type Route = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void

const routes: Record<string, Route> = {
  'GET /catalog': (_, response) => send(response, 200, { products: ['tea', 'coffee', 'cocoa'] }),

  'POST /login': async (request, response) => {
    const { user, password } = ((await readJson(request)) ?? {}) as Record<string, unknown>
    if (typeof user !== 'string' || typeof password !== 'string') throw new Refusal(400, 'user and password, please')
    if (settings.users.get(user) !== password) throw new Refusal(401, 'wrong name or password')
    // Always a new id: one that the client brought along may be known to somebody else.
    setCookie(response, await openSession(user))
    send(response, 200, { user })
  },

  'GET /me': async (request, response) => {
    const session = await useSession(sessionId(request))
    send(response, 200, { user: loggedIn(session).user })
  },

  'GET /cart': async (request, response) => {
    const session = await useSession(sessionId(request))
    send(response, 200, showCart(loggedIn(session)))
  },

  'POST /cart': async (request, response) => {
    const id = sessionId(request)
    const items = parseItems(await readJson(request))
    if (items === undefined) throw new Refusal(400, '1 to 100 items with a sku and a count from 1 to 1000, please')
    const { after } = loggedIn(await updateSession(id, (session) => addItems(session, items)))
    if (after === undefined) throw new Refusal(422, 'the cart is full')
    send(response, 200, showCart(after))
  },

  'POST /logout': async (request, response) => {
    const id = cookie(request, 'sid')
    if (id !== undefined) await endSession(id)
    setCookie(response, '', '; Max-Age=0')
    response.writeHead(204).end()
  },

  'POST /logout-everywhere': async (request, response) => {
    const { user } = loggedIn(await useSession(sessionId(request)))
    await endAllSessions(user)
    setCookie(response, '', '; Max-Age=0')
    response.writeHead(204).end()
  },
}

function sessionId(request: IncomingMessage): string {
  return loggedIn(cookie(request, 'sid'))
}

function loggedIn<T>(value: T | undefined): T {
  if (value === undefined) throw new Refusal(401, 'log in first')
  return value
}

function cookie(request: IncomingMessage, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const [key, ...value] = pair.split('=')
    if (key?.trim() === name) return value.join('=').trim()
  }
  return undefined
}

function setCookie(response: ServerResponse, id: string, more = '') {
  response.setHeader('set-cookie', `sid=${id}; Path=/; HttpOnly; SameSite=Lax${more}`)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  return json(request).catch(() => {
    throw new Refusal(400, 'the body is not JSON')
  })
}

function send(response: ServerResponse, status: number, value: unknown) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function fail(response: ServerResponse, error: unknown) {
  if (error instanceof Refusal) return send(response, error.status, { error: error.message })
  if (error instanceof Unavailable) {
    response.setHeader('retry-after', '1')
    return send(response, 503, { error: 'sessions are not available at the moment' })
  }
  console.error(error)
  send(response, 500, { error: 'this is our fault' })
}

const server = createServer(async (request, response) => {
  const [path] = (request.url ?? '/').split('?')
  const route = routes[`${request.method} ${path}`]
  try {
    if (route === undefined) throw new Refusal(404, 'no such page')
    await route(request, response)
  } catch (error) {
    fail(response, error)
  }
})

server.listen(settings.port, '127.0.0.1', () => console.log(`listening on port ${settings.port}`))
