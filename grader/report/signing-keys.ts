import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { UserError } from '../user-error.ts'

/** A pair of keys, as PEM. */
export interface ReportKeys {
  /** PKCS #8: signs. Kept by the instructor. */
  privateKey: string
  /** SPKI: verifies. For everybody. */
  publicKey: string
  keyId: string
}

const howToMakeOne = 'Make a pair of keys with: npx learn-backend report keygen'

/** A new pair of Ed25519 keys (RFC 8032). */
export function createReportKeys(): ReportKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keyId: keyIdOf(publicKey),
  }
}

/** Names a key: the first 16 hexadecimal digits of the SHA-256 of its public part (SPKI, DER). */
export function keyIdOf(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)
}

/**
 * @param pem a private key
 * @param from what people call the place it came from
 * @throws {UserError} when it can't sign reports
 */
export function readPrivateKey(pem: string, from = 'The signing key'): KeyObject {
  const text = pem.trim()
  if (text === '') throw refusal(`${from} is empty.`)
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw refusal(
      `${from} is protected by a passphrase, which nobody could type in a pipeline.`,
      `Keep it as a secret of your pipeline without one. ${howToMakeOne}`,
    )
  if (text.includes('-----BEGIN PUBLIC KEY-----'))
    throw refusal(`${from} is a public key: it verifies, and can't sign.`, 'Give the private key that belongs to it.')
  if (!text.includes('\n'))
    throw refusal(
      `${from} is no private key in PEM form: it has one line.`,
      'Give the whole file as it is, with its line breaks, from "-----BEGIN PRIVATE KEY-----" to the last line.',
    )
  return ed25519(from, () => createPrivateKey({ key: text, format: 'pem' }))
}

/**
 * @param pem a public key
 * @param from what people call the place it came from
 * @throws {UserError} when it can't verify reports
 */
export function readPublicKey(pem: string, from = 'The key'): KeyObject {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    throw refusal(
      `${from} is a private key: whoever has it can sign reports.`,
      'Keep it where only the pipeline reads it, and verify with the public one, whose name ends in .pub.',
    )
  const key = ed25519(from, () => createPublicKey({ key: pem, format: 'pem' }))
  if (isWeak(key))
    throw refusal(`${from} is a weak key, for which anybody can make signatures.`, `Don't use it. ${howToMakeOne}`)
  return key
}

function ed25519(from: string, read: () => KeyObject): KeyObject {
  let key: KeyObject
  try {
    key = read()
  } catch (cause) {
    throw new UserError('usage', `${from} is no key in PEM form.`, { remedy: howToMakeOne, cause })
  }
  if (key.asymmetricKeyType === 'ed25519') return key
  throw refusal(`${from} is a key for ${key.asymmetricKeyType ?? 'something else'}; reports are signed with Ed25519.`)
}

// The points of small order and their other spellings, without the sign's bit: under such a "key" a signature made
// without any secret verifies for one message in eight or more, and OpenSSL takes them all.
// See Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs (https://eprint.iacr.org/2020/1244).
const weakPoints = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
])

function isWeak(key: KeyObject): boolean {
  const point = Buffer.from(key.export({ type: 'spki', format: 'der' }).subarray(-32))
  point[31] = (point[31] ?? 0) & 0x7f
  return weakPoints.has(point.toString('hex'))
}

function refusal(message: string, remedy: string = howToMakeOne): UserError {
  return new UserError('usage', message, { remedy })
}
