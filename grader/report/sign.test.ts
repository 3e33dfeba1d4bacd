import { generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { UserError } from '../user-error.ts'
import type { Grades } from './grades.ts'
import { createReportKeys, keyIdOf, readGrades, readPublicKey, signGrades, verifyGrades } from './sign.ts'

const isolation = { id: 'bubblewrap', mechanism: 'bubblewrap 0.8.0', limits: ['memory: cgroup v2, 512 MiB'] }
const grades: Grades = {
  version: 1,
  course: { id: 'backend', title: 'Backend' },
  isolation,
  points: { earned: 7, possible: 10 },
  submissions: [
    {
      learner: 'ana ☂ "quoted"',
      exercise: 'hello-http',
      folder: 'ana/hello-http',
      report: {
        version: 1,
        exercise: { id: 'hello-http', title: 'Hello', topic: '01-languages' },
        status: 'failed',
        points: { earned: 7, possible: 10 },
        steps: [],
        seed: 'abc',
        toolchain: { id: 'js', name: 'JavaScript', version: '20.19.0' },
        services: [],
        isolation,
        startedAt: '2026-11-22T20:00:00.000Z',
        ms: 1,
        grader: '0.1.0',
      },
    },
  ],
  startedAt: '2026-11-22T20:00:00.000Z',
  ms: 2,
  grader: '0.1.0',
}
const keys = createReportKeys()
const signed = signGrades(grades, keys.privateKey)
const text = JSON.stringify(signed)

function refusalOf(act: () => unknown): UserError {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).remedy).toBeTruthy()
    return error as UserError
  }
  throw new Error('it was accepted')
}

test('what was signed is verified with the public key, and comes back as it was', () => {
  expect(verifyGrades(text, keys.publicKey)).toEqual(grades)
  expect(signed.keyId).toBe(keys.keyId)
  expect(signed.keyId).toBe(keyIdOf(readPublicKey(keys.publicKey)))
})

test('any changed byte of the payload is noticed', () => {
  const payload = Buffer.from(signed.payload, 'base64')
  for (let index = 0; index < payload.length; index += 7) {
    const changed = Buffer.from(payload)
    changed[index] = (changed[index] ?? 0) ^ 1
    const forged = JSON.stringify({ ...signed, payload: changed.toString('base64') })
    expect(refusalOf(() => verifyGrades(forged, keys.publicKey)).message).toContain('not what was signed')
  }
})

test('more points than were signed are noticed', () => {
  const better = { ...grades, points: { earned: 10, possible: 10 } }
  const forged = JSON.stringify({ ...signed, payload: Buffer.from(JSON.stringify(better)).toString('base64') })
  expect(refusalOf(() => verifyGrades(forged, keys.publicKey)).message).toContain('was changed')
})

test("another one's key verifies nothing, and the message names both", () => {
  const other = createReportKeys()
  const { message } = refusalOf(() => verifyGrades(text, other.publicKey))
  expect(message).toContain(keys.keyId)
  expect(message).toContain(other.keyId)
  const relabelled = JSON.stringify({ ...signed, keyId: other.keyId })
  expect(refusalOf(() => verifyGrades(relabelled, other.publicKey)).message).toContain('not what was signed')
})

test('a signature of the same key for another purpose is no report', () => {
  const payload = Buffer.from(signed.payload, 'base64')
  const bare = sign(null, payload, keys.privateKey).toString('base64')
  expect(
    refusalOf(() => verifyGrades(JSON.stringify({ ...signed, signature: bare }), keys.publicKey)).message,
  ).toContain('not what was signed')
})

test('an unsigned report is not taken for a signed one', () => {
  expect(refusalOf(() => verifyGrades(JSON.stringify(grades), keys.publicKey)).message).toContain('not signed')
})

test.each([
  ['no JSON', 'points: 10', 'not JSON'],
  ['another field', JSON.stringify({ ...signed, points: 10 }), 'form'],
  ['another version', JSON.stringify({ ...signed, version: 2 }), 'form'],
  ['no signature', JSON.stringify({ version: 1, payload: signed.payload, keyId: signed.keyId }), 'form'],
  ['Base64 with a line break', JSON.stringify({ ...signed, payload: `${signed.payload}\n` }), 'Base64'],
  ['Base64 in the URL alphabet', JSON.stringify({ ...signed, signature: `-_${signed.signature.slice(2)}` }), 'Base64'],
  [
    'Base64 without its padding',
    JSON.stringify({ ...signed, signature: signed.signature.replace(/=+$/, '') }),
    'Base64',
  ],
  ['an empty signature', JSON.stringify({ ...signed, signature: '' }), 'not what was signed'],
  ['an array', '[]', 'not signed'],
  ['null', 'null', 'not signed'],
])('%s is refused', (_, forged, why) => {
  expect(refusalOf(() => verifyGrades(forged, keys.publicKey)).message).toContain(why)
})

test('a rightly signed payload must still be a report', () => {
  const seal = (payload: Buffer) =>
    JSON.stringify({
      ...signed,
      payload: payload.toString('base64'),
      signature: sign(
        null,
        Buffer.concat([Buffer.from('learn-backend report v1\n'), payload]),
        keys.privateKey,
      ).toString('base64'),
    })
  const verify = (payload: Buffer) => refusalOf(() => verifyGrades(seal(payload), keys.publicKey)).message
  expect(verify(Buffer.from('{"version":1}'))).toContain('not a report of grades')
  expect(verify(Buffer.from('nonsense'))).toContain('not JSON')
  expect(verify(Buffer.from([0xff, 0xfe]))).toContain('no text')
  expect(verify(Buffer.from(`\ufeff${JSON.stringify(grades)}`))).toContain('not JSON')
})

test('a file that is larger than any report is refused before it is parsed', () => {
  expect(refusalOf(() => verifyGrades(' '.repeat(64 * 1024 * 1024 + 1), keys.publicKey)).message).toContain('64 MiB')
})

test('reading without a key takes signed and unsigned ones, and says which', () => {
  expect(readGrades(JSON.stringify(grades))).toEqual({ grades })
  expect(readGrades(text)).toEqual({ grades, keyId: keys.keyId })
  expect(refusalOf(() => readGrades('{"version":1,"extra":true}')).message).toContain('not a report')
})

test.each([
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['ECDSA', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['Ed448', generateKeyPairSync('ed448')],
  ['X25519', generateKeyPairSync('x25519')],
])('a key for %s neither signs nor verifies', (_, { privateKey, publicKey }) => {
  const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const open = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  expect(refusalOf(() => signGrades(grades, secret)).message).toContain('Ed25519')
  expect(refusalOf(() => verifyGrades(text, open)).message).toContain('Ed25519')
})

test('keys in the wrong place are named for what they are', () => {
  expect(refusalOf(() => verifyGrades(text, keys.privateKey)).message).toContain('private key')
  expect(refusalOf(() => signGrades(grades, keys.publicKey)).message).toContain('public key')
  expect(refusalOf(() => signGrades(grades, '')).message).toContain('empty')
  expect(refusalOf(() => signGrades(grades, keys.privateKey.replaceAll('\n', ' '))).message).toContain('one line')
  expect(refusalOf(() => signGrades(grades, 'no\nkey')).message).toContain('no key in PEM form')
  expect(refusalOf(() => verifyGrades(text, 'no key')).message).toContain('no key in PEM form')
  const locked = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  expect(refusalOf(() => signGrades(grades, locked.privateKey)).message).toContain('passphrase')
})

test('a weak key, for which anybody can sign, is refused', () => {
  const prefix = Buffer.from('302a300506032b6570032100', 'hex')
  const low = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    `01${'00'.repeat(30)}80`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    `ec${'ff'.repeat(31)}`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(31)}`,
  ]
  for (const point of low) {
    const der = Buffer.concat([prefix, Buffer.from(point, 'hex')]).toString('base64')
    const pem = `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`
    expect(refusalOf(() => verifyGrades(text, pem)).message).toContain('weak key')
  }
})
