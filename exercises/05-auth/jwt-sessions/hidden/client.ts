import { expect } from 'vitest'
import { together, type Answer, type App, type Random } from 'learn-backend/kit'
import { decode, type Payload } from './jwt.ts'

/** The secret looks like hex on purpose: it is a text, and nobody may decode it. */
export const secret = '7f3b9d21c4e85a60b1d7f2936c08ae547f3b9d21c4e85a60b1d7f2936c08ae54'
export const audience = 'orders-api'
export const accessTtl = 540
export const refreshTtl = 120

export const settings = {
  JWT_SECRET: secret,
  JWT_AUDIENCE: audience,
  ACCESS_TTL: String(accessTtl),
  REFRESH_TTL: String(refreshTtl),
}

export interface Account {
  id: string
  email: string
  password: string
}

export interface Tokens {
  accessToken: string
  refreshToken: string
  expiresIn: number
}

export function newEmail(random: Random): string {
  return `${random.word()}.${random.hex(10)}@example.org`
}

export function newPassword(random: Random): string {
  return `Pw-${random.word()}-${random.hex(12)}`
}

export async function register(app: App, random: Random, password = newPassword(random)): Promise<Account> {
  const email = newEmail(random)
  const answer = await app.post('/register', { json: { email, password } })
  expect(answer, 'registering a new user, before the test itself begins').toHaveStatus(201)
  return { id: answer.json.id as string, email, password }
}

export async function login(app: App, { email, password }: Omit<Account, 'id'>): Promise<Tokens> {
  const answer = await app.post('/login', { json: { email, password } })
  expect(answer, 'logging in with the password just registered').toHaveStatus(200)
  return tokensOf(answer)
}

export function tokensOf(answer: Answer): Tokens {
  expect(answer, 'the answer has two tokens').toContainJson({
    accessToken: expect.any(String),
    refreshToken: expect.any(String),
  })
  return answer.json as Tokens
}

/** Several sessions of one user. */
export function logins(app: App, account: Account, count: number): Promise<Tokens[]> {
  return together(count, () => login(app, account))
}

export function refresh(app: App, refreshToken: string): Promise<Answer> {
  return app.post('/refresh', { json: { refreshToken } })
}

/** Refreshes, expecting that it works, and returns the next refresh token. */
export async function next(app: App, refreshToken: string): Promise<string> {
  const answer = await refresh(app, refreshToken)
  expect(answer, 'this refresh token is new: nobody has used it').toHaveStatus(200)
  return tokensOf(answer).refreshToken
}

export function logout(app: App, refreshToken: string): Promise<Answer> {
  return app.post('/logout', { json: { refreshToken } })
}

export function get(app: App, path: string, accessToken: string): Promise<Answer> {
  return app.get(path, { headers: { authorization: `Bearer ${accessToken}` } })
}

export function payloadOf(accessToken: string): Payload {
  return decode(accessToken).payload
}

/** Looks at the names of all fields, at any depth. */
export function expectNoSecrets(answer: Answer): void {
  const names = new Set(namesIn(answer.json).filter((name) => /^(pass|passwd|password|pwd|pw)$|hash|salt/i.test(name)))
  expect([...names], 'no answer holds a password or anything made from one').toEqual([])
}

function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [name, ...namesIn(inner)])
}

const known = new Map<string, Account & Tokens>()

/** A user with a session for the tests that only look: registered once for each process, since hashes are slow. */
export async function someone(app: App, random: Random): Promise<Account & Tokens> {
  const process = `${app.pid} ${app.port}`
  let user = known.get(process)
  if (!user) {
    const account = await register(app, random)
    user = { ...account, ...(await login(app, account)) }
    known.set(process, user)
  }
  return user
}
