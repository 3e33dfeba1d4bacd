import { expect } from 'vitest'
import { sleep, step, withApp, type Answer } from 'learn-backend/kit'
import { audience, expectNoSecrets, get, login, payloadOf, register, secret, settings, someone } from './client.ts'
import { now, sign, signText, unsigned, withPayload, withSignature } from './jwt.ts'
import { wrongAnswer } from './wrong-answer.ts'

const test = withApp({ env: settings })

const broken =
  '. (A 5xx: the check itself broke. Parsers of JSON and base64 throw on noise, and some comparisons do when lengths differ)'

function expectRefusal(answer: Answer, why: string): void {
  expect(answer, why + (answer.status >= 500 ? broken : '')).toHaveStatus(401)
}

step('access', () => {
  test('GET /me answers the user of the access token', async ({ app, random }) => {
    const { id, email, password, accessToken } = await someone(app, random)
    const answer = await get(app, '/me', accessToken)
    expect(answer).toHaveStatus(200)
    expect(answer).toContainJson({ id, email, role: 'user' })
    expect(answer.text, 'no answer holds a password').not.toContain(password)
    expectNoSecrets(answer)

    const other = await register(app, random)
    const { accessToken: othersToken } = await login(app, other)
    expect(await get(app, '/me', othersToken), 'this token is of another user').toContainJson({
      id: other.id,
      email: other.email,
    })
  })

  test('the scheme may be written in any case', async ({ app, random }) => {
    const { id, accessToken } = await someone(app, random)
    for (const scheme of ['bearer', 'BEARER']) {
      const answer = await app.get('/me', { headers: { authorization: `${scheme} ${accessToken}` } })
      expect(answer, 'names of schemes are the same in upper and lower case').toHaveStatus(200)
      expect(answer).toContainJson({ id })
    }
  })

  test('a token from another service is as good', async ({ app, random }) => {
    const { id, accessToken } = await someone(app, random)
    const payload = payloadOf(accessToken)
    const tokens: [string, string][] = [
      ['it has another exp, and is signed with JWT_SECRET', sign({ ...payload, exp: now() + 90 }, secret)],
      ['it has one more claim', sign({ ...payload, shop: random.unicode() }, secret)],
      ['its header is written in another order', sign(payload, secret, { typ: 'JWT', alg: 'HS256' })],
      ['its header has no typ', sign(payload, secret, { alg: 'HS256' })],
      ['aud is a list that contains JWT_AUDIENCE', sign({ ...payload, aud: [random.word(), audience] }, secret)],
    ]
    for (const [why, token] of tokens) {
      const answer = await get(app, '/me', token)
      expect(answer, `this token is good: ${why}`).toHaveStatus(200)
      expect(answer).toContainJson({ id })
    }
  })

  test('refuses requests without a token', async ({ app, random }) => {
    const { email, password, accessToken } = await someone(app, random)
    expectRefusal(await app.get('/me'), 'there is no header Authorization')
    const basic = `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}`
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      basic,
      `Basic ${accessToken}`,
      accessToken,
      `Token ${accessToken}`,
    ]) {
      const answer = await app.get('/me', { headers: { authorization } })
      expectRefusal(answer, `"Authorization: ${authorization.slice(0, 12)}..." is not the word Bearer and a token`)
    }
  })

  test('each 401 asks for a Bearer token', async ({ app, random }) => {
    for (const answer of [await app.get('/me'), await get(app, '/me', random.hex(32))]) {
      expect(answer).toHaveStatus(401)
      expect(answer, 'a 401 says what would be better').toHaveHeader('www-authenticate', /^bearer\b/i)
    }
  })

  test('refuses noise', async ({ app, random }) => {
    const { id, accessToken } = await someone(app, random)
    const [header, payload, signature] = accessToken.split('.')
    const noise = [
      random.hex(32),
      'null',
      '.',
      '..',
      '...',
      'a.b.c',
      '{}.{}.{}',
      `${header}`,
      `${header}.${payload}`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${accessToken}.${signature}`,
      `${random.hex(500)}.${random.hex(500)}.${random.hex(500)}`,
    ]
    for (const token of noise) expectRefusal(await get(app, '/me', token), `this is no JWT: ${token.slice(0, 60)}`)
    const answer = await get(app, '/me', accessToken)
    expect(answer, 'after all that noise, a good token').toHaveStatus(200)
    expect(answer).toContainJson({ id })
  })

  test('refuses an unsigned token', async ({ app, random }) => {
    const { accessToken } = await someone(app, random)
    const payload = payloadOf(accessToken)
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      for (const signature of ['', random.hex(43), accessToken.split('.')[2]!]) {
        const why = `its header says "alg":"${alg}", so its author needed no key. A token must not choose how it is checked`
        expectRefusal(await get(app, '/me', unsigned(payload, alg, signature)), why)
      }
    }
    const why = 'its signature is empty: anybody can write such a token'
    expectRefusal(await get(app, '/me', unsigned(payload, 'HS256')), why)
  })

  test('refuses other algorithms', async ({ app, random }) => {
    const payload = payloadOf((await someone(app, random)).accessToken)
    for (const alg of ['HS384', 'HS512']) {
      const token = sign(payload, secret, { alg, typ: 'JWT' })
      expectRefusal(await get(app, '/me', token), `it is signed with ${alg}. Only HS256 is agreed upon`)
    }
  })

  test('refuses a token signed with another key', async ({ app, random }) => {
    const payload = payloadOf((await someone(app, random)).accessToken)
    for (const key of [random.hex(64), '', 'secret', secret.toUpperCase(), secret.slice(0, 32), `${secret} `]) {
      expectRefusal(
        await get(app, '/me', sign(payload, key)),
        `it is signed with another key than JWT_SECRET ("${key}")`,
      )
    }
  })

  test('refuses a changed payload', async ({ app, random }) => {
    const { accessToken } = await someone(app, random)
    const payload = payloadOf(accessToken)
    for (const change of [{ role: 'admin' }, { exp: now() + 86_400 }]) {
      const token = withPayload(accessToken, { ...payload, ...change })
      const why = `${JSON.stringify(change)} was written into it afterwards. The signature belongs to the payload before`
      expectRefusal(await get(app, '/me', token), why)
    }
  })

  test('refuses a changed signature', async ({ app, random }) => {
    const { accessToken } = await someone(app, random)
    const changes: [string, (signature: string) => string][] = [
      ['its first character is another', (it) => (it.startsWith('A') ? 'B' : 'A') + it.slice(1)],
      ['a character in its middle is another', (it) => it.slice(0, 20) + (it[20] === 'A' ? 'B' : 'A') + it.slice(21)],
      ['it is cut short', (it) => it.slice(0, 20)],
      ['it is one character', (it) => it[0]!],
      ['it is twice as long', (it) => it + it],
      ['it is as long, of other bytes', () => random.bytes(32).toString('base64url')],
      ['it is written in hex', (it) => Buffer.from(it, 'base64url').toString('hex')],
    ]
    for (const [how, change] of changes) {
      const answer = await get(app, '/me', withSignature(accessToken, change))
      expectRefusal(answer, `the signature does not fit: ${how}`)
    }
  })

  test('refuses an expired token, and one that never expires', async ({ app, random }) => {
    const payload = payloadOf((await someone(app, random)).accessToken)
    for (const ago of [60, 3600, 86_400 * 365]) {
      const token = sign({ ...payload, iat: now() - ago - 60, exp: now() - ago }, secret)
      expectRefusal(await get(app, '/me', token), `it expired ${ago} seconds ago: exp is in seconds since 1970`)
    }
    const { exp: _, ...eternal } = payload
    expectRefusal(await get(app, '/me', sign(eternal, secret)), 'it has no exp: whoever finds it can use it for ever')
  })

  test('refuses a token for another audience', async ({ app, random }) => {
    const payload = payloadOf((await someone(app, random)).accessToken)
    const others = [
      random.word(),
      '',
      `${audience}-staging`,
      `my-${audience}`,
      audience.slice(0, -1),
      [],
      [`${audience}-staging`],
    ]
    for (const aud of others) {
      const why = `aud is ${JSON.stringify(aud)}. It was made for another service, not for "${audience}"`
      expectRefusal(await get(app, '/me', sign({ ...payload, aud }, secret)), why)
    }
    const { aud: _, ...open } = payload
    expectRefusal(await get(app, '/me', sign(open, secret)), 'it has no aud')
  })

  test('refuses a token of a user who is not there', async ({ app, random }) => {
    const payload = payloadOf((await someone(app, random)).accessToken)
    for (const sub of [random.uuid(), '', '__proto__', 'constructor', 'toString']) {
      expectRefusal(await get(app, '/me', sign({ ...payload, sub }, secret)), `no user has the id "${sub}"`)
    }
    const { sub: _, ...nobody } = payload
    expectRefusal(await get(app, '/me', sign(nobody, secret)), 'it has no sub')
  })

  test('refuses a signed payload that is no JSON object', async ({ app }) => {
    const header = JSON.stringify({ alg: 'HS256', typ: 'JWT' })
    for (const payload of ['null', '[]', '"text"', '42', 'true', '', '{', 'no JSON']) {
      const why = `the signature is right, but the payload is ${payload || 'empty'}`
      expectRefusal(await get(app, '/me', signText(header, payload, secret)), why)
    }
  })

  test('refuses a refresh token', async ({ app, random }) => {
    const { refreshToken } = await someone(app, random)
    const why = 'this is a refresh token. Taken as an access token it would be good for weeks'
    expectRefusal(await get(app, '/me', refreshToken), why)
  })

  test('does not start without a secret of 32 bytes', async ({ start, random }) => {
    const secrets: [string, Record<string, string>][] = [
      ['not set', {}],
      ['empty', { JWT_SECRET: '' }],
      ['31 bytes long', { JWT_SECRET: random.hex(31) }],
    ]
    const starts = secrets.map(async ([how, env]) => {
      const app = await start({ env, ready: 'none' })
      const exit = await Promise.race([app.exited, sleep(6000)])
      if (exit && exit.code !== 0) return
      throw wrongAnswer(`JWT_SECRET is ${how}, so anyone can guess the key. The program must not start`, {
        asked: `start with a JWT_SECRET that is ${how}`,
        expected: 'it says why, and exits with a code other than 0',
        got: exit ? 'it exited with code 0' : 'after 6 seconds it was still running',
      })
    })
    await Promise.all(starts)
  })
})
