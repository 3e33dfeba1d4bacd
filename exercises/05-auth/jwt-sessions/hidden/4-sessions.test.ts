import { expect } from 'vitest'
import { note, sleep, step, together, withApp } from 'learn-backend/kit'
import {
  accessTtl,
  audience,
  login,
  logins,
  logout,
  next,
  payloadOf,
  refresh,
  refreshTtl,
  register,
  secret,
  settings,
  someone,
  tokensOf,
} from './client.ts'
import { filesIn, findToken } from './leaks.ts'
import { signatureFault } from './jwt.ts'
import { wrongAnswer } from './wrong-answer.ts'

const test = withApp({ env: settings })

const stolen = 'a used refresh token came again, so somebody has a copy: the whole session is over'

step('refresh', () => {
  test('gives a new access token and the next refresh token', async ({ app, random }) => {
    const user = await someone(app, random)
    const seen = new Set<string>()
    let { refreshToken } = await login(app, user)
    // Longer than REFRESH_TTL would be if it were in milliseconds.
    await sleep(refreshTtl + 30)
    for (let i = 0; i < 3; i++) {
      seen.add(refreshToken)
      const answer = await refresh(app, refreshToken)
      expect(
        answer,
        `this refresh token was never used, and is good for REFRESH_TTL = ${refreshTtl} seconds`,
      ).toHaveStatus(200)
      expect(answer).toContainJson({
        accessToken: expect.any(String),
        refreshToken: expect.stringMatching(/^.{20,}$/),
        tokenType: 'Bearer',
        expiresIn: accessTtl,
      })
      expect(answer, 'a cache that keeps tokens gives them to others').toHaveHeader('cache-control', /\bno-store\b/i)
      const { accessToken } = tokensOf(answer)
      expect(signatureFault(accessToken, secret), 'the new access token is signed like the first').toBeUndefined()
      const claims = payloadOf(accessToken)
      expect(claims, 'the payload of the new access token').toMatchObject({ sub: user.id, role: 'user' })
      expect([claims['aud']].flat()).toEqual([audience])
      expect((claims['exp'] as number) - (claims['iat'] as number), 'exp is iat + ACCESS_TTL').toBe(accessTtl)
      refreshToken = tokensOf(answer).refreshToken
      if (!seen.has(refreshToken)) continue
      const got = 'a refresh token that was there before'
      throw wrongAnswer('whoever copied a refresh token could use it for ever', {
        asked: 'POST /refresh',
        expected: 'a new refresh token',
        got,
      })
    }
  })

  test('a used token ends its session, and no other', async ({ app, random }) => {
    const user = await someone(app, random)
    const [first, second, other] = await logins(app, user, 3)
    let elsewhere = other!.refreshToken
    for (const [used, age] of [
      [first!.refreshToken, 1],
      [second!.refreshToken, 3],
    ] as const) {
      let newest = used
      for (let i = 0; i < age; i++) newest = await next(app, newest)
      expect(await refresh(app, used), `this token was used already (${age} before the newest)`).toHaveStatus(401)
      expect(await refresh(app, newest), stolen).toHaveStatus(401)
      const answer = await refresh(app, elsewhere)
      expect(answer, 'another session of the same user, on another device, say: it goes on').toHaveStatus(200)
      elsewhere = tokensOf(answer).refreshToken
    }
  })

  test('of many requests with the same token, one succeeds', async ({ app, random }) => {
    const { refreshToken } = await login(app, await someone(app, random))
    const answers = await together(8, () => refresh(app, refreshToken))
    const statuses = answers.map(({ status }) => status).sort()
    if (statuses.join() !== '200,401,401,401,401,401,401,401') {
      throw wrongAnswer('looking whether a token is used, and using it, must be one act: nothing may come in between', {
        asked: 'POST /refresh, eight times at once with the same new refresh token',
        expected: 'once 200, seven times 401',
        got: statuses.join(', '),
      })
    }
    note(
      'Eight requests with the same refresh token came at once. One got 200, the others 401. This is the token that the one got:',
    )
    const winner = answers.find(({ status }) => status === 200)!
    expect(await refresh(app, tokensOf(winner).refreshToken), stolen).toHaveStatus(401)
  })

  test('refuses what is no refresh token', async ({ app, random }) => {
    const user = await someone(app, random)
    const { refreshToken, accessToken } = user
    const middle = Math.floor(refreshToken.length / 2)
    const changed =
      refreshToken.slice(0, middle) + (refreshToken[middle] === 'a' ? 'b' : 'a') + refreshToken.slice(middle + 1)
    const others: [string, string][] = [
      [accessToken, 'an access token'],
      [changed, 'a refresh token in which one character was changed'],
      [refreshToken.slice(0, -5), 'a refresh token that was cut short'],
      [random.hex(64), 'random'],
      [random.unicode(), 'random'],
      ['__proto__', 'a name that means something to JavaScript'],
      ['constructor', 'a name that means something to JavaScript'],
      [user.id, "the user's id"],
    ]
    for (const [token, what] of others) {
      expect(await refresh(app, token), `this is ${what}: you never gave it out to refresh with`).toHaveStatus(401)
    }
    expect(await refresh(app, ''), 'an empty text is no refresh token').toHaveStatus([400, 401])
    for (const json of [
      {},
      { refreshToken: null },
      { refreshToken: 5 },
      { refreshToken: [refreshToken] },
      { refreshToken: { $ne: '' } },
    ]) {
      expect(await app.post('/refresh', { json }), 'refreshToken is missing or no string').toHaveStatus(400)
    }
    for (const body of ['', '{', 'null']) {
      const answer = await app.post('/refresh', { body, headers: { 'content-type': 'application/json' } })
      expect(answer, `the body ${body || '(nothing)'} is no JSON object`).toHaveStatus(400)
    }
  })

  test('everything still holds after kill -9', async ({ start, random }) => {
    // Without REFRESH_TTL: its 30 days are more milliseconds than many a timer can hold.
    const { REFRESH_TTL: _, ...env } = settings
    const app = await start({ env })
    const user = await register(app, random)
    const [one, two, three] = await logins(app, user, 3)
    const open = await next(app, one!.refreshToken)
    const used = two!.refreshToken
    const newest = await next(app, used)
    const stolenOnce = three!.refreshToken
    const ended = await next(app, stolenOnce)
    expect(await refresh(app, stolenOnce), 'this token was used already').toHaveStatus(401)
    await app.restart()
    note('The program was killed with SIGKILL and started again, with the same DATA_DIR.')
    const answer = await refresh(app, open)
    expect(answer, 'this session was open before the restart. Users should not notice a restart').toHaveStatus(200)
    expect(
      await refresh(app, ended),
      'this session was ended before the restart, since a used token came',
    ).toHaveStatus(401)
    expect(await refresh(app, used), 'this token was used before the restart').toHaveStatus(401)
    expect(await refresh(app, newest), stolen).toHaveStatus(401)
  })

  test('no refresh token can be read in DATA_DIR', async ({ app, random }) => {
    const { refreshToken } = await login(app, await someone(app, random))
    const tokens = { 'a login': refreshToken, 'a refresh': await next(app, refreshToken) }
    for (const [origin, token] of Object.entries(tokens)) {
      const got = findToken(filesIn(app.dataDir), token)
      if (got === undefined) continue
      const why =
        'a thief who reads the files can go on with the session. A hash of the token is enough to recognise it'
      const asked = `the files in DATA_DIR, after ${origin} was answered with the refresh token ${token}`
      throw wrongAnswer(why, { asked, expected: 'no refresh token', got })
    }
  })

  test('a refresh token expires after REFRESH_TTL', async ({ start, random }) => {
    const app = await start({ env: { ...settings, REFRESH_TTL: '1' } })
    const { refreshToken } = await login(app, await register(app, random))
    await sleep(2100)
    const answer = await refresh(app, refreshToken)
    expect(answer, 'REFRESH_TTL is 1 second, and this token is more than 2 seconds old').toHaveStatus(401)
  })
})

step('logout', () => {
  test('ends the session', async ({ app, random }) => {
    const { refreshToken } = await login(app, await someone(app, random))
    const newest = await next(app, refreshToken)
    expect(await logout(app, newest)).toHaveStatus(204)
    expect(await refresh(app, newest), 'this session was logged out').toHaveStatus(401)
    expect(await logout(app, newest), 'logging out twice is no error').toHaveStatus(204)
  })

  test('ends the session with a used token too', async ({ app, random }) => {
    const { refreshToken } = await login(app, await someone(app, random))
    const newest = await next(app, refreshToken)
    expect(await logout(app, refreshToken), 'a used token of this session').toHaveStatus(204)
    const why = 'the user has logged out, with the token before this one: its successors must not live on'
    expect(await refresh(app, newest), why).toHaveStatus(401)
  })

  test('wins against a refresh at the same time', async ({ app, random }) => {
    const user = await someone(app, random)
    for (const [i, { refreshToken }] of (await logins(app, user, 3)).entries()) {
      const later = () => sleep(2 * i).then(() => logout(app, refreshToken))
      const [refreshed, loggedOut] = await Promise.all([refresh(app, refreshToken), later()])
      expect(loggedOut).toHaveStatus(204)
      expect(refreshed, 'one of the two came first').toHaveStatus([200, 401])
      if (refreshed.status === 401) continue
      const answer = await refresh(app, tokensOf(refreshed).refreshToken)
      expect(answer, 'after the 204 the session is over, whatever was under way at the same time').toHaveStatus(401)
    }
  })

  test('leaves other sessions alone', async ({ app, random }) => {
    const user = await someone(app, random)
    const [here, elsewhere] = await logins(app, user, 2)
    expect(await logout(app, here!.refreshToken)).toHaveStatus(204)
    const answer = await refresh(app, elsewhere!.refreshToken)
    expect(answer, 'the same user, logged in on another device: this session goes on').toHaveStatus(200)
  })

  test('takes tokens that nobody knows, and no nonsense', async ({ app, random }) => {
    for (const token of [random.hex(64), random.unicode(), '__proto__', 'constructor']) {
      expect(await logout(app, token), 'there is nothing to end, and nothing to complain about').toHaveStatus(204)
    }
    for (const json of [{}, { refreshToken: null }, { refreshToken: 7 }, []]) {
      expect(await app.post('/logout', { json }), 'refreshToken is missing or no string').toHaveStatus(400)
    }
  })

  test('still holds after kill -9', async ({ start, random }) => {
    const app = await start({ env: settings })
    const { refreshToken } = await login(app, await register(app, random))
    const newest = await next(app, refreshToken)
    expect(await logout(app, newest)).toHaveStatus(204)
    await app.restart()
    note('The program was killed with SIGKILL after the 204 and started again, with the same DATA_DIR.')
    expect(await refresh(app, newest), 'this session was logged out before the restart').toHaveStatus(401)
  })
})
