import { expect } from 'vitest'
import { step, withApp } from 'learn-backend/kit'
import {
  accessTtl,
  audience,
  expectNoSecrets,
  login,
  logins,
  newEmail,
  newPassword,
  register,
  secret,
  settings,
  someone,
} from './client.ts'
import { decode, now, signatureFault } from './jwt.ts'
import { wrongAnswer } from './wrong-answer.ts'

const test = withApp({ env: settings })

step('register', () => {
  test('answers 201 with the new user', async ({ app, random }) => {
    const email = newEmail(random)
    const password = newPassword(random)
    const answer = await app.post('/register', { json: { email, password } })
    expect(answer).toHaveStatus(201)
    expect(answer).toContainJson({ id: expect.any(String), email, role: 'user' })
    expect(answer.text, 'no answer holds a password').not.toContain(password)
    expectNoSecrets(answer)
  })

  test('decides about id and role itself', async ({ app, random }) => {
    const [first, email] = [newEmail(random), newEmail(random)]
    const { id } = (await app.post('/register', { json: { email: first, password: newPassword(random) } })).json
    const wishes = { id, role: 'admin', roles: ['admin'], admin: true, isAdmin: true }
    const answer = await app.post('/register', { json: { email, password: newPassword(random), ...wishes } })
    expect(answer).toHaveStatus(201)
    expect(answer, 'whoever can send a role could make themselves an administrator').toContainJson({
      email,
      role: 'user',
    })
    expect(answer.json.id, 'whoever can choose an id could become somebody else').not.toBe(id)
  })
})

step('refusals', () => {
  test('refuses what is not a JSON object with two strings', async ({ app, random }) => {
    const email = newEmail(random)
    const password = newPassword(random)
    for (const body of ['', '{', `{"email":"${email}"`, 'null', '[]', '"text"', '42', `["${email}","${password}"]`]) {
      const answer = await app.post('/register', { body, headers: { 'content-type': 'application/json' } })
      expect(answer, `the body ${body || '(nothing)'} is no JSON object`).toHaveStatus(400)
    }
    for (const json of [{}, { email }, { password }, { email, password: null }, { email, password: 12345678 }]) {
      expect(await app.post('/register', { json }), 'a field is missing or no string').toHaveStatus(400)
    }
    for (const odd of [null, 5, true, ['a@example.org'], { $ne: '' }, { toString: 'x' }]) {
      const answer = await app.post('/register', { json: { email: odd, password } })
      expect(answer, 'the email is no string').toHaveStatus(400)
    }
    const answer = await app.post('/register', { json: { email, password: ['long enough'] } })
    expect(answer, 'the password is no string').toHaveStatus(400)
  })

  test('checks the email and the length of the password', async ({ app, random }) => {
    const name = random.hex(8)
    const emails = ['', name, `@${name}`, `${name}@`, '@', `${name}@a@b`, `${random.hex(250)}@example.org`]
    for (const email of emails) {
      const answer = await app.post('/register', { json: { email, password: newPassword(random) } })
      expect(answer, `${JSON.stringify(email)} is no email address`).toHaveStatus(400)
      expect(answer).toContainJson({ error: expect.any(String) })
    }
    for (const length of [0, 1, 7, 129, 1000, 20_000]) {
      const answer = await app.post('/register', { json: { email: newEmail(random), password: random.hex(length) } })
      expect(answer, `a password of ${length} characters`).toHaveStatus(length > 1000 ? [400, 413] : 400)
    }
  })

  test('accepts emails and passwords at their limits', async ({ app, random }) => {
    const long = `o'neil_2+${random.hex(40)}@mail.example.co.uk`
    for (const [email, length] of [
      [newEmail(random), 8],
      [long, 128],
    ] as const) {
      const answer = await app.post('/register', { json: { email, password: random.hex(length) } })
      expect(answer, `an email with one @, and a password of ${length} characters`).toHaveStatus(201)
    }
  })

  test('registers an email once, in upper or lower case', async ({ app, random }) => {
    const { email, password } = await register(app, random)
    for (const same of [email, email.toUpperCase()]) {
      const answer = await app.post('/register', { json: { email: same, password } })
      expect(answer, `${email} is registered already`).toHaveStatus(409)
      expect(answer).toContainJson({ error: expect.any(String) })
    }
    const mixed = `${random.word()}.${random.hex(10)}@Example.ORG`.replace(/^./, (letter) => letter.toUpperCase())
    const answer = await app.post('/register', { json: { email: mixed, password } })
    expect(answer).toHaveStatus(201)
    expect(answer, 'the email is shown in lower case').toContainJson({ email: mixed.toLowerCase() })
    const again = await app.post('/register', { json: { email: mixed.toLowerCase(), password } })
    expect(again, `${mixed} is registered already`).toHaveStatus(409)
  })
})

step('login', () => {
  test('answers with two tokens that nobody may cache', async ({ app, random }) => {
    const { email, password } = await someone(app, random)
    const answer = await app.post('/login', { json: { email, password } })
    expect(answer).toHaveStatus(200)
    expect(answer).toContainJson({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.stringMatching(/^.{20,}$/),
      tokenType: 'Bearer',
      expiresIn: accessTtl,
    })
    expect(answer, 'a cache that keeps tokens gives them to others').toHaveHeader('cache-control', /\bno-store\b/i)
  })

  test('signs an access token with the right claims', async ({ app, random }) => {
    const account = await someone(app, random)
    const { header, payload } = decode(account.accessToken)
    const asked = `the payload of the access token: ${JSON.stringify(payload)}`
    const check = (claim: string, ok: boolean, expected: string) => {
      const got = JSON.stringify(payload[claim]) ?? `no ${claim}`
      if (!ok) throw wrongAnswer(`the claim ${claim} should be ${expected}`, { asked, expected, got })
    }
    const { sub, role, aud, iat, exp } = payload
    check('sub', sub === account.id, `the user's id, ${JSON.stringify(account.id)}`)
    check('role', role === 'user', '"user"')
    check('aud', String(aud) === audience, `JWT_AUDIENCE, "${audience}"`)
    check(
      'iat',
      Number.isInteger(iat) && Math.abs((iat as number) - now()) < 120,
      `now in whole seconds since 1970, about ${now()}`,
    )
    check(
      'exp',
      exp === (iat as number) + accessTtl,
      `iat + ACCESS_TTL in whole seconds, ${iat as number} + ${accessTtl}`,
    )
    expect(header['alg'], 'the alg in the header of the access token').toBe('HS256')
    const fault = signatureFault(account.accessToken, secret)
    if (fault)
      throw wrongAnswer(`the signature of the access token is wrong: ${fault.why}`, {
        ...fault,
        asked: account.accessToken,
      })
  })

  test('knows what to do without the optional settings', async ({ start, random }) => {
    const app = await start({ env: { JWT_SECRET: secret } })
    const { accessToken, expiresIn } = await login(app, await register(app, random))
    const { aud, iat, exp } = decode(accessToken).payload
    if (expiresIn === 900 && String(aud) === 'shop-api' && (exp as number) > (iat as number)) return
    throw wrongAnswer('without ACCESS_TTL and JWT_AUDIENCE, the values in the last column of the table hold', {
      asked: 'POST /login, with only PORT, DATA_DIR and JWT_SECRET set',
      expected: 'expiresIn 900, aud "shop-api", exp after iat',
      got: `expiresIn ${expiresIn}, aud ${JSON.stringify(aud)}, iat ${JSON.stringify(iat)}, exp ${JSON.stringify(exp)}`,
    })
  })

  test('gives each login a refresh token of its own', async ({ app, random }) => {
    const account = await someone(app, random)
    const [first, second] = await logins(app, account, 2)
    expect(first!.refreshToken, 'two logins at the same time, two refresh tokens').not.toBe(second!.refreshToken)
  })

  test('takes the email in any case and the password exactly', async ({ app, random }) => {
    const { email, password } = await someone(app, random)
    const answer = await app.post('/login', { json: { email: email.toUpperCase(), password } })
    expect(answer, `${email.toUpperCase()} is ${email}`).toHaveStatus(200)
    for (const wrong of [password.toLowerCase(), `${password} `]) {
      const refused = await app.post('/login', { json: { email, password: wrong } })
      expect(refused, `the password is "${password}", not "${wrong}"`).toHaveStatus(401)
    }
  })

  test('never tells whether an email is registered', async ({ app, random }) => {
    const { email } = await someone(app, random)
    const wrong = await app.post('/login', { json: { email, password: newPassword(random) } })
    expect(wrong, 'the password is wrong').toHaveStatus(401)
    expect(wrong).toContainJson({ error: expect.any(String) })
    const unknown = await app.post('/login', { json: { email: newEmail(random), password: newPassword(random) } })
    expect(unknown, 'nobody has this email').toHaveStatus(401)
    expect(unknown, 'the same words as for a wrong password').toContainJson({ error: wrong.json.error as string })
  })

  test('survives bodies and emails that nobody registers', async ({ app, random }) => {
    const { email, password } = await someone(app, random)
    for (const body of ['', '{"email":', 'null', '[]', '7']) {
      const answer = await app.post('/login', { body, headers: { 'content-type': 'application/json' } })
      expect(answer, `the body ${body || '(nothing)'} is no JSON object`).toHaveStatus(400)
    }
    for (const json of [{ email }, { password }, { email, password: true }, { email, password: { $gt: '' } }]) {
      expect(await app.post('/login', { json }), 'a field is missing or no string').toHaveStatus(400)
    }
    for (const name of ['__proto__', 'constructor', "' OR '1'='1"]) {
      const answer = await app.post('/login', { json: { email: name, password } })
      expect(answer, `nobody has the email ${JSON.stringify(name)}`).toHaveStatus([400, 401])
    }
    const answer = await app.post('/login', { json: { email, password: random.hex(5000) } })
    expect(answer, 'a password that is much too long').toHaveStatus([400, 401])
  })
})
