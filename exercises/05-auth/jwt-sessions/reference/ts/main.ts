import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { AccessTokens } from './access-token.ts'
import { readFields, Refusal, send, type Reply } from './http.ts'
import { hashPassword, isPassword, nobodysHash } from './passwords.ts'
import { Sessions } from './sessions.ts'
import { readSettings, type Settings } from './settings.ts'
import { Users, type User } from './users.ts'

const settings = settingsOrExit()
const users = new Users(join(settings.dataDir, 'users.jsonl'))
const sessions = new Sessions(join(settings.dataDir, 'sessions.jsonl'), settings.refreshTtl)
const accessTokens = new AccessTokens(settings.secret, settings.audience, settings.accessTtl)

const emailTaken = () => new Refusal(409, 'This email is taken.')

const routes = new Map<string, (request: IncomingMessage) => Reply | Promise<Reply>>([
  ['POST /register', register],
  ['POST /login', login],
  ['GET /me', (request) => ({ status: 200, body: present(authenticate(request).user) })],
  ['POST /refresh', refresh],
  ['POST /logout', logout],
  ['GET /admin/users', listUsers],
])

async function register(request: IncomingMessage): Promise<Reply> {
  const { email, password } = await readFields(request, ['email', 'password'])
  if (!/^[^@]+@[^@]+$/.test(email) || email.length > 254) throw new Refusal(400, 'This is not an email address.')
  const length = [...password].length
  if (length < 8 || length > 128) throw new Refusal(400, 'A password has 8 to 128 characters.')
  // A cheap look first. It is `add` that decides, since others register while this hash is computed.
  if (users.withEmail(email)) throw emailTaken()
  const passwordHash = await hashPassword(password)
  const user = users.add({ email, role: 'user', passwordHash })
  if (!user) throw emailTaken()
  return { status: 201, body: present(user) }
}

async function login(request: IncomingMessage): Promise<Reply> {
  const { email, password } = await readFields(request, ['email', 'password'])
  const user = users.withEmail(email)
  const fits = await isPassword(password, user?.passwordHash ?? nobodysHash)
  if (!user || !fits) throw new Refusal(401, 'Email or password is wrong.')
  return tokens(user, sessions.begin(user.id))
}

async function refresh(request: IncomingMessage): Promise<Reply> {
  const { refreshToken } = await readFields(request, ['refreshToken'])
  const refreshed = sessions.refresh(refreshToken)
  const user = refreshed && users.withId(refreshed.userId)
  if (!user) throw new Refusal(401, 'This refresh token is not good any more.')
  return tokens(user, refreshed.next)
}

async function logout(request: IncomingMessage): Promise<Reply> {
  const { refreshToken } = await readFields(request, ['refreshToken'])
  sessions.end(refreshToken)
  return { status: 204 }
}

function listUsers(request: IncomingMessage): Reply {
  const { role } = authenticate(request)
  if (role !== 'admin') throw new Refusal(403, 'This is for administrators.')
  return { status: 200, body: { users: users.all().map(present) } }
}

/** Who asks, with which role? Refuses with 401 if no good access token says so. */
function authenticate(request: IncomingMessage): { user: User; role: string } {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const claims = token === undefined ? undefined : accessTokens.check(token)
  const user = claims && users.withId(claims.sub)
  if (!user) throw new Refusal(401, 'A good access token is needed.', { 'www-authenticate': 'Bearer' })
  return { user, role: claims.role }
}

function tokens(user: User, refreshToken: string): Reply {
  const accessToken = accessTokens.sign({ sub: user.id, role: user.role })
  const body = { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: settings.accessTtl }
  return { status: 200, headers: { 'cache-control': 'no-store' }, body }
}

/** What the world may see of a user. A list of what to show, not of what to hide: a new field stays private. */
function present({ id, email, role }: User): Pick<User, 'id' | 'email' | 'role'> {
  return { id, email, role }
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env)
  } catch (error) {
    console.error((error as Error).message)
    process.exit(1)
  }
}

async function answer(request: IncomingMessage): Promise<Reply> {
  const path = (request.url ?? '').split('?', 1)[0]
  const route = routes.get(`${request.method} ${path}`)
  if (!route) throw new Refusal(404, 'There is nothing here.')
  return route(request)
}

function refused(error: unknown): Reply {
  if (error instanceof Refusal) {
    return { status: error.status, headers: error.headers, body: { error: error.message } }
  }
  console.error(error)
  return { status: 500, body: { error: 'Something went wrong here.' } }
}

const { admin } = settings
if (admin && !users.withEmail(admin.email)) {
  users.add({ email: admin.email, role: 'admin', passwordHash: await hashPassword(admin.password) })
}

const server = createServer((request, response) => {
  void answer(request)
    .catch(refused)
    .then((reply) => send(response, reply))
})
server.listen(settings.port, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${settings.port}`))

process.once('SIGTERM', () => {
  server.close()
  server.closeIdleConnections()
})
