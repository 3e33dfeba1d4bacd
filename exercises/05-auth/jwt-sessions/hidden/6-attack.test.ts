import { expect } from 'vitest'
import { sleep, step, together, withApp, type App } from 'learn-backend/kit'
import { newEmail, newPassword, settings, someone, type Account, type Tokens } from './client.ts'
import { fastest } from './fastest.ts'
import { wrongAnswer } from './wrong-answer.ts'

const test = withApp({ env: settings })

/** How many of eight logins were answered before a `GET /me` that was sent shortly after them. */
async function loginsBeforeMe(app: App, { email, password, accessToken }: Account & Tokens): Promise<number> {
  let answered = 0
  const logins = together(8, async () => {
    const answer = await app.post('/login', { json: { email, password }, deadline: 15_000 })
    answered++
    return answer
  })
  await sleep(15)
  await app.get('/me', { headers: { authorization: `Bearer ${accessToken}` }, deadline: 15_000 })
  const before = answered
  for (const answer of await logins) expect(answer, 'one of eight logins at once').toHaveStatus(200)
  return before
}

step('attack', () => {
  test('an unknown email takes as long as a wrong password', async ({ app, random }) => {
    const { email } = await someone(app, random)
    const ask = (address: string) => app.post('/login', { json: { email: address, password: newPassword(random) } })
    let [wrong, unknown] = [Infinity, Infinity]
    for (let i = 0; i < 4; i++) {
      wrong = Math.min(wrong, await fastest(1, () => ask(email)))
      unknown = Math.min(unknown, await fastest(1, () => ask(newEmail(random))))
    }
    const [w, u] = [wrong.toFixed(1), unknown.toFixed(1)]
    // The spec says a factor of two; a third of it is for the clock.
    if (Math.abs(wrong - unknown) < 5 || (unknown > wrong / 3 && unknown < wrong * 3)) return
    throw wrongAnswer('a stopwatch tells who has an account here. Is a hash computed in both cases?', {
      asked: 'POST /login with a wrong password, and with an email that nobody has, four times each',
      expected: 'the same 401 after about the same time',
      got: `the fastest 401 for a wrong password took ${w} ms, the fastest for an unknown email ${u} ms`,
    })
  })

  test('eight logins at once do not hold up the others', async ({ app, random }) => {
    const user = await someone(app, random)
    const counts: number[] = []
    // A second and third try, since a busy machine can hold up a request as well.
    while (counts.length < 3 && !counts.some((count) => count <= 4)) counts.push(await loginsBeforeMe(app, user))
    if (counts.some((count) => count <= 4)) return
    throw wrongAnswer('GET /me waited for the logins. Is the hash computed in the thread that answers all requests?', {
      asked: 'POST /login, eight times at once, and GET /me 15 ms later',
      expected: 'GET /me is answered before most of the logins',
      got: `it was answered after ${counts[0]} of 8 logins (then after ${counts.slice(1).join(' and ')} in two more tries)`,
    })
  })

  test('of many registrations of one email, one succeeds', async ({ app, random }) => {
    const email = newEmail(random)
    const passwords = Array.from({ length: 4 }, () => newPassword(random))
    const answers = await together(4, (i) =>
      app.post('/register', { json: { email: i % 2 ? email.toUpperCase() : email, password: passwords[i] } }),
    )
    const statuses = answers.map(({ status }) => status)
    if ([...statuses].sort().join() !== '201,409,409,409') {
      throw wrongAnswer('between looking whether the email is free and taking it, another request came in', {
        asked: `POST /register, four times at once with ${email}`,
        expected: 'once 201, three times 409',
        got: statuses.join(', '),
      })
    }
    const [winner, loser] = [statuses.indexOf(201), statuses.lastIndexOf(409)]
    const answer = await app.post('/login', { json: { email, password: passwords[winner] } })
    expect(answer, 'this is the password of the registration that got 201').toHaveStatus(200)
    const refused = await app.post('/login', { json: { email, password: passwords[loser] } })
    expect(refused, 'this is the password of a registration that got 409').toHaveStatus(401)
  })
})
