import { readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { note, step, together, withApp } from 'learn-backend/kit'
import { newPassword, payloadOf, register, secret, settings, someone } from './client.ts'
import { fastest } from './fastest.ts'
import { filesIn, findEncoded, findFastHash, inCommon } from './leaks.ts'
import { wrongAnswer } from './wrong-answer.ts'

const test = withApp({ env: settings })

step('storage', () => {
  test('users survive kill -9, in DATA_DIR', async ({ start, random, scratch }) => {
    const before = await start({ env: settings })
    const users = await together(4, () => register(before, random))
    await before.kill()
    const dataDir = join(scratch, 'moved')
    renameSync(before.dataDir, dataDir)
    note(
      'Four users registered at the same time. After their 201 the program was killed, and started with a copy of its DATA_DIR.',
    )
    const after = await start({ env: settings, dataDir })
    const { id, email, password } = random.pick(users)
    const answer = await after.post('/login', { json: { email, password } })
    expect(answer, 'the user is still there: nothing waits in memory or lies elsewhere').toHaveStatus(200)
    expect(payloadOf(answer.json.accessToken as string)['sub'], 'the user still has the same id').toBe(id)
    const wrong = await after.post('/login', { json: { email, password: newPassword(random) } })
    expect(wrong, 'a wrong password is still wrong').toHaveStatus(401)
    for (const user of users) {
      const again = await after.post('/register', { json: { email: user.email.toUpperCase(), password } })
      expect(again, 'all four users are still there, each with their email').toHaveStatus(409)
    }
  })

  test('no file holds a password or a fast hash of one', async ({ app, random }) => {
    const user = await someone(app, random)
    const files = filesIn(app.dataDir)
    const asked = `the files in DATA_DIR, after ${user.email} registered with the password ${user.password} and logged in`
    const expected = 'hashes made for passwords, and nothing else that was made from a password'
    const readable = findEncoded(files, user.password)
    if (readable)
      throw wrongAnswer('whoever gets a copy of this file can read the password', { asked, expected, got: readable })
    const fast = findFastHash(files, user.password, [user.email, user.id, secret])
    const why =
      'a graphics card tries billions of passwords a second against such a hash. Take one that was made for passwords'
    if (fast) throw wrongAnswer(why, { asked, expected, got: fast })
  })

  test('the log holds no password', async ({ app, random }) => {
    const user = await someone(app, random)
    const line = app.output.text.split('\n').find((text) => text.includes(user.password))
    if (line === undefined) return
    throw wrongAnswer('logs are copied, searched and kept for years: no password belongs there', {
      asked: `the log, after ${user.email} registered with the password ${user.password} and logged in`,
      expected: 'no password',
      got: line.slice(0, 300),
    })
  })

  test('the same password never gives the same hash twice', async ({ app, start, random }) => {
    await someone(app, random)
    const control = filesIn(app.dataDir)
    const password = newPassword(random)
    await register(app, random, password)
    const other = await start({ env: settings })
    await register(other, random, password)
    const common = inCommon(filesIn(app.dataDir), filesIn(other.dataDir), control)
    if (common.length === 0) return
    throw wrongAnswer(
      'a thief sees who has the same password, and cracks them all at once. Each user needs a random salt',
      {
        asked:
          'the files of two programs, started with the same settings, in each of which one user has the same password',
        expected: 'nothing of the one is in the other',
        got: `both have ${common.slice(0, 3).join(', ')}`,
      },
    )
  })

  test('checking a password is slow on purpose', async ({ app, random }) => {
    const { email, accessToken } = await someone(app, random)
    const headers = { authorization: `Bearer ${accessToken}` }
    const me = await fastest(8, () => app.get('/me', { headers }))
    const guess = await fastest(5, () => app.post('/login', { json: { email, password: newPassword(random) } }))
    // The spec asks for 10 and 10; a little less may be the clock.
    if (guess - me >= 8 || guess / me >= 8) return
    throw wrongAnswer('checking a password must be slow: that, and nothing else, slows a thief down', {
      asked: 'POST /login with wrong passwords, and GET /me',
      expected: 'a login takes 10 ms longer than GET /me, or 10 times as long',
      got: `the fastest login took ${guess.toFixed(1)} ms, the fastest GET /me ${me.toFixed(1)} ms`,
    })
  })

  test('an email is a name, and no path', async ({ app, random }) => {
    const mark = random.hex(10)
    const email = `../../${mark}%2f..@example.org`
    const password = newPassword(random)
    const answer = await app.post('/register', { json: { email, password } })
    // Some libraries know better than the spec what an email is; that is not the point here.
    expect(answer, 'it has one @ with something before and after it').toHaveStatus([201, 400])
    if (answer.status === 400) return
    expect(await app.post('/login', { json: { email, password } }), 'this user has just registered').toHaveStatus(200)
    const above = [dirname(app.dataDir), dirname(dirname(app.dataDir))]
    const escaped = above.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    const file = escaped.find((path) => path.includes(mark))
    if (file === undefined) return
    rmSync(file, { recursive: true })
    throw wrongAnswer('who can choose a file name can choose any file', {
      asked: `POST /register with the email ${email}`,
      expected: 'no file outside of DATA_DIR',
      got: `${file}, where DATA_DIR is ${app.dataDir}`,
    })
  })

  test('every character of a password counts', async ({ app, random }) => {
    const long = random.hex(127)
    const inScripts = ` ${random.hex(8)} Zoë 🔑 пароль 密码 `
    const wrong = new Map([
      [`${long}a`, { [`${long}b`]: 'the last of its 128 characters is another' }],
      [
        inScripts,
        {
          [inScripts.trim()]: 'the spaces at its ends are missing',
          // The same lower byte, so that an encoding with one byte for each character takes them for the same.
          [inScripts.replace('п', 'Ŀ')]: 'it begins its fourth word with Ŀ and not with п',
        },
      ],
    ])
    for (const [password, others] of wrong) {
      const { email } = await register(app, random, password)
      expect(await app.post('/login', { json: { email, password } }), 'the password just registered').toHaveStatus(200)
      for (const [other, difference] of Object.entries(others)) {
        const answer = await app.post('/login', { json: { email, password: other } })
        expect(answer, `this is not the password: ${difference}`).toHaveStatus(401)
      }
    }
  })
})
