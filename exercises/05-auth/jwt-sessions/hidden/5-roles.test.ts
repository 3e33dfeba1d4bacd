import { expect } from 'vitest'
import { note, step, withApp, type Answer, type App } from 'learn-backend/kit'
import {
  expectNoSecrets,
  get,
  newPassword,
  payloadOf,
  refresh,
  register,
  secret,
  settings,
  someone,
  tokensOf,
  type Account,
  type Tokens,
} from './client.ts'
import { now, sign, unsigned, withPayload } from './jwt.ts'

const administrator = { email: 'Root@Example.org', password: 'the first of all administrators' }
const env = { ...settings, ADMIN_EMAIL: administrator.email, ADMIN_PASSWORD: administrator.password }
const test = withApp({ env })

async function loginAsAdmin(app: App): Promise<Tokens> {
  const answer = await app.post('/login', { json: administrator })
  expect(answer, 'logging in with ADMIN_EMAIL and ADMIN_PASSWORD').toHaveStatus(200)
  return tokensOf(answer)
}

const known = new Map<number, string>()

/** An access token of the administrator; one login for each process, since hashes are slow. */
async function adminOf(app: App): Promise<string> {
  const token = known.get(app.pid) ?? (await loginAsAdmin(app)).accessToken
  known.set(app.pid, token)
  return token
}

async function listUsers(app: App, accessToken: string): Promise<Answer> {
  const answer = await get(app, '/admin/users', accessToken)
  expect(answer, 'an access token with the role admin').toHaveStatus(200)
  expect(answer).toContainJson({ users: expect.any(Array) })
  return answer
}

function usersIn(answer: Answer): Record<string, unknown>[] {
  return answer.json.users as Record<string, unknown>[]
}

function shown({ id, email }: Account): Record<string, unknown> {
  return { id, email, role: 'user' }
}

step('roles', () => {
  test('the administrator of the settings can log in', async ({ app, random }) => {
    const { accessToken, refreshToken } = await loginAsAdmin(app)
    expect(payloadOf(accessToken), 'the payload of the access token').toMatchObject({ role: 'admin' })
    const refreshed = await refresh(app, refreshToken)
    // Whether it can be refreshed at all is for another step to judge.
    if (refreshed.status === 200) {
      const payload = payloadOf(tokensOf(refreshed).accessToken)
      expect(payload, 'the payload of the access token, after a refresh').toMatchObject({ role: 'admin' })
    }
    const email = administrator.email.toLowerCase()
    expect(await get(app, '/me', accessToken)).toContainJson({ email, role: 'admin' })
    const answer = await app.post('/register', { json: { email, password: newPassword(random) } })
    expect(answer, 'this email is taken: the administrator has it').toHaveStatus(409)
  })

  test('an administrator sees all users, and no secrets', async ({ app, random }) => {
    const users = [await someone(app, random), await register(app, random)]
    const accessToken = await adminOf(app)
    const answer = await listUsers(app, accessToken)
    const list = usersIn(answer)
    for (const user of users) {
      expect(list, 'every registered user is in the list').toContainEqual(expect.objectContaining(shown(user)))
    }
    expect(list, 'so is the administrator').toContainEqual(
      expect.objectContaining({ email: administrator.email.toLowerCase(), role: 'admin' }),
    )
    expectNoSecrets(answer)
  })

  test('anybody else is known, but not allowed: 403', async ({ app, random }) => {
    const { accessToken } = await someone(app, random)
    const answer = await get(app, '/admin/users', accessToken)
    expect(answer, 'this access token is good, and its role is "user"').toHaveStatus(403)
    const payload = payloadOf(accessToken)
    for (const role of ['Admin', 'administrator', 'not-admin', '']) {
      const token = sign({ ...payload, role, exp: now() + 90 }, secret)
      expect(await get(app, '/admin/users', token), `this token is good, and its role is "${role}"`).toHaveStatus(403)
    }
  })

  test('nobody is known without a good token: 401', async ({ app, random }) => {
    const { accessToken } = await someone(app, random)
    const payload = { ...payloadOf(accessToken), role: 'admin' }
    const admins = payloadOf(await adminOf(app))
    const bad: [string, string][] = [
      [
        '"role":"admin" was written into it, and the signature is that of the token before',
        withPayload(accessToken, payload),
      ],
      ['it is signed with another key', sign(payload, random.hex(64))],
      ['it is unsigned', unsigned(payload, 'none')],
      ["it is the administrator's, but expired", sign({ ...admins, exp: now() - 60 }, secret)],
      ["it is the administrator's, but for another audience", sign({ ...admins, aud: random.word() }, secret)],
    ]
    const answers: [string, Awaited<ReturnType<App['get']>>][] = [
      ['there is no token', await app.get('/admin/users')],
      ['there is no Bearer token', await app.get('/admin/users', { headers: { authorization: 'Basic YTpi' } })],
    ]
    for (const [why, token] of bad) answers.push([why, await get(app, '/admin/users', token)])
    for (const [why, answer] of answers) {
      expect(answer, `${why}: we do not know who asks, and 401 says so`).toHaveStatus(401)
    }
  })

  test('a restart leaves the administrator as they are', async ({ start, random }) => {
    const before = await start({ env })
    const user = await register(before, random)
    await before.kill()
    const changed = newPassword(random)
    const after = await start({ env: { ...env, ADMIN_PASSWORD: changed }, dataDir: before.dataDir })
    note('The program was killed and started again with the same DATA_DIR and another ADMIN_PASSWORD.')
    const list = usersIn(await listUsers(after, (await loginAsAdmin(after)).accessToken))
    expect(list.map(({ email }) => email).sort(), 'one administrator and one user, each of them once').toEqual(
      [administrator.email.toLowerCase(), user.email].sort(),
    )
    const answer = await after.post('/login', { json: { email: administrator.email, password: changed } })
    expect(answer, 'the administrator is there already and keeps the old password').toHaveStatus(401)
  })
})
