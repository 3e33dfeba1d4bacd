import { sign, verify } from 'node:crypto'
import * as z from 'zod'
import { UserError } from '../user-error.ts'
import { type Grades, gradesSchema } from './grades.ts'
import { keyIdOf, readPrivateKey, readPublicKey } from './signing-keys.ts'

export { createReportKeys, keyIdOf, readPrivateKey, readPublicKey } from './signing-keys.ts'

const signedGradesSchema = z.strictObject({
  version: z.literal(1),
  /** The exact bytes of the JSON that was signed, in Base64: no way of writing JSON has to be agreed upon. */
  payload: z.string(),
  /** Ed25519 over {@link signedBytes}, in Base64. */
  signature: z.string(),
  /** Which key to verify with. */
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
})

/** Grades of which everybody who has the public key can tell that they are the grader's. */
export type SignedGrades = z.infer<typeof signedGradesSchema>

/** Of a report as text: several thousand submissions. */
export const maxReportBytes: number = 64 * 1024 * 1024

/** Signs grades. @param privateKey as PEM */
export function signGrades(grades: Grades, privateKey: string): SignedGrades {
  const key = readPrivateKey(privateKey)
  const payload = Buffer.from(JSON.stringify(grades), 'utf8')
  return {
    version: 1,
    payload: payload.toString('base64'),
    signature: sign(null, signedBytes(payload), key).toString('base64'),
    keyId: keyIdOf(key),
  }
}

/**
 * The grades in a signed report.
 * @param text the file's
 * @param publicKey as PEM
 * @throws {UserError} when they are not what the owner of the key signed
 */
export function verifyGrades(text: string, publicKey: string): Grades {
  const key = readPublicKey(publicKey)
  const envelope = readEnvelope(parse(text))
  const own = keyIdOf(key)
  if (envelope.keyId !== own)
    throw refusal(
      `The report names the key ${envelope.keyId}, and this is ${own}.`,
      'Verify it with the public key of whoever graded.',
    )
  const payload = decode(envelope.payload, 'payload')
  const signature = decode(envelope.signature, 'signature')
  if (signature.length !== 64 || !verify(null, signedBytes(payload), key, signature))
    throw refusal('The report is not what was signed: it was changed, or its signature was.')
  return readPayload(payload)
}

/**
 * The grades in a report, signed or not, without any proof of where they come from.
 * @throws {UserError} when it is no report
 */
export function readGrades(text: string): { grades: Grades; keyId?: string } {
  const value = parse(text)
  if (!looksSigned(value)) return { grades: checkGrades(value) }
  const { payload, keyId } = readEnvelope(value)
  return { grades: readPayload(decode(payload, 'payload')), keyId }
}

// The first line keeps what was signed for another purpose from being taken for a report, and the other way round;
// see the pre-authentication encoding of DSSE (https://github.com/secure-systems-lab/dsse).
function signedBytes(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from('learn-backend report v1\n'), payload])
}

function parse(text: string): unknown {
  if (text.length > maxReportBytes)
    throw refusal(`The report is larger than ${maxReportBytes / 1024 / 1024} MiB: "grade" writes none of that size.`)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UserError('usage', 'The report is not JSON.', { remedy: howToGetOne, cause })
  }
}

const howToGetOne = 'Give a file that "learn-backend grade --format json=grades.json" wrote.'

function looksSigned(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('payload' in value || 'signature' in value)
}

function readEnvelope(value: unknown): SignedGrades {
  const { success, data } = signedGradesSchema.safeParse(value)
  if (success) return data
  if (!looksSigned(value))
    throw refusal(
      'The report is not signed: anybody could have written it.',
      'Grade with --sign-key-env or --sign-key, and take the file that this run writes.',
    )
  throw refusal('The signed report does not have the form of one: version, payload, signature and keyId.')
}

/** Only the one right spelling: a second one would make two files of one signature. */
function decode(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw refusal(`The ${what} of the signed report is not proper Base64.`)
  return bytes
}

function readPayload(payload: Buffer): Grades {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload)
  } catch (cause) {
    throw new UserError('usage', 'The signed report holds bytes that are no text.', { remedy: howToGetOne, cause })
  }
  return checkGrades(parse(text))
}

function checkGrades(value: unknown): Grades {
  const { success, data, error } = gradesSchema.safeParse(value)
  if (success) return data
  const [issue] = error.issues
  // A path may hold keys of the file's: what they are does not matter, and they could hold anything.
  const place = issue?.path
    .filter((part) => typeof part === 'number' || /^[a-zA-Z]{1,20}$/.test(String(part)))
    .join('.')
  throw refusal(`The file is JSON, but not a report of grades${place ? `: ${place} is not as it should be` : ''}.`)
}

function refusal(message: string, remedy: string = howToGetOne): UserError {
  return new UserError('usage', message, { remedy })
}
