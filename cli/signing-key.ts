import { reportSigning, UserError } from '../grader/index.ts'
import { readKey } from './read-report.ts'
import type { Session } from './session.ts'

/**
 * The private key that reports are to be signed with, checked, as PEM; undefined when none was asked for.
 * It is asked for by name and never looked for: a report that should be signed and is not would be noticed late.
 * @throws {UserError} when it is missing or can't sign
 */
export async function readSigningKey({
  env,
  cwd,
  options,
}: Pick<Session, 'env' | 'cwd'> & { options: Record<string, unknown> }): Promise<string | undefined> {
  const { signKey: file, signKeyEnv: name } = options
  if (typeof file === 'string' && typeof name === 'string')
    throw new UserError('usage', 'A report is signed with one key, and here are two.', {
      remedy: 'Give either --sign-key-env or --sign-key.',
    })
  if (typeof name === 'string') return checked(fromEnvironment(env, name), `The key in the variable ${name}`)
  if (typeof file === 'string') return checked(await readKey(file, cwd), `The key in ${file}`)
  return undefined
}

function fromEnvironment(env: Session['env'], name: string): string {
  if (/^-----|\s/.test(name))
    throw new UserError('usage', '--sign-key-env takes the name of a variable, not the key itself.', {
      remedy: 'Anybody on this machine can read what a program is called with. Type: --sign-key-env <name>',
    })
  const value = env[name]
  if (value) return value
  throw new UserError('usage', `The variable ${name}, which should hold the signing key, is not set.`, {
    remedy:
      'Make it a secret of the base repository. Pipelines of forks do not get secrets, and should not: sign where you grade from the base.',
  })
}

async function checked(pem: string, from: string): Promise<string> {
  const { readPrivateKey } = await reportSigning()
  readPrivateKey(pem, from)
  return pem
}
