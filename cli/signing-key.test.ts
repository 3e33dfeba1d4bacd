import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createReportKeys } from '../grader/report/sign.ts'
import { readSigningKey } from './signing-key.ts'

const { privateKey, publicKey } = createReportKeys()
const cwd = mkdtempSync(join(tmpdir(), 'learn-backend-signing-'))
writeFileSync(join(cwd, 'own.key'), privateKey)
writeFileSync(join(cwd, 'own.pub'), publicKey)
afterAll(() => rmSync(cwd, { recursive: true }))

test('nothing is signed unless it was asked for, even with a key in the environment', async () => {
  const env = { LEARN_BACKEND_SIGNING_KEY: privateKey }
  await expect(readSigningKey({ env, cwd, options: {} })).resolves.toBeUndefined()
})

test('the key comes from a variable or a file', async () => {
  const env = { THE_KEY: privateKey }
  await expect(readSigningKey({ env, cwd, options: { signKeyEnv: 'THE_KEY' } })).resolves.toBe(privateKey)
  await expect(readSigningKey({ env: {}, cwd, options: { signKey: 'own.key' } })).resolves.toBe(privateKey)
})

test.each([
  [{ signKeyEnv: 'ABSENT' }, 'ABSENT, which should hold the signing key, is not set'],
  [{ signKeyEnv: 'EMPTY' }, 'EMPTY, which should hold the signing key, is not set'],
  [{ signKeyEnv: privateKey }, 'not the key itself'],
  [{ signKeyEnv: 'PUBLIC' }, 'The key in the variable PUBLIC is a public key'],
  [{ signKey: 'absent.key' }, 'there is no such file'],
  [{ signKey: '.' }, 'it is a folder'],
  [{ signKey: 'own.pub' }, 'The key in own.pub is a public key'],
  [{ signKey: 'own.key', signKeyEnv: 'THE_KEY' }, 'here are two'],
])('%o is refused, and the key is never shown', async (options, why) => {
  const error: unknown = await readSigningKey({ env: { EMPTY: '', PUBLIC: publicKey }, cwd, options }).catch(
    (error: unknown) => error,
  )
  expect(error).toMatchObject({ name: 'UserError', code: 'usage' })
  const { message, remedy } = error as { message: string; remedy: string }
  expect(message).toContain(why)
  expect(remedy).toBeTruthy()
  expect(message + remedy).not.toContain(privateKey.split('\n')[1])
})
