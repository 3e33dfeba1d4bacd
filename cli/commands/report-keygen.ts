import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reportSigning, UserError } from '../../grader/index.ts'
import type { Session } from '../session.ts'

const privateFile = 'learn-backend-report.key'
const publicFile = 'learn-backend-report.pub'

export async function run(_: unknown, options: Record<string, unknown>, { cwd, stdout }: Session): Promise<number> {
  const { createReportKeys } = await reportSigning()
  const { privateKey, publicKey, keyId } = createReportKeys()
  await writeNew(join(cwd, privateFile), privateKey, 0o600)
  try {
    await writeNew(join(cwd, publicFile), publicKey, 0o644)
  } catch (error) {
    // Half a pair is of no use, and would be in the way of the next attempt.
    await rm(join(cwd, privateFile))
    throw error
  }
  if (options['json']) {
    stdout.write(`${JSON.stringify({ keyId, privateKey: privateFile, publicKey: publicFile }, null, 2)}\n`)
    return 0
  }
  const lines = [
    `A new pair of keys, ${keyId}:`,
    `  ${privateFile}  signs. Put its text into a secret of your pipeline, e.g. LEARN_BACKEND_SIGNING_KEY,`,
    '                            and never into a repository.',
    `  ${publicFile}  verifies. Give it to whoever should be able to check a report.`,
    '',
    'Sign with:    npx learn-backend grade --sign-key-env LEARN_BACKEND_SIGNING_KEY --format json=grades.json',
    `Verify with:  npx learn-backend report verify grades.json --key ${publicFile}`,
  ]
  stdout.write(`${lines.join('\n')}\n`)
  return 0
}

/** A key that is overwritten is lost, with everything that was signed with it. */
async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST')
      throw new UserError('usage', `${file} exists, and keys are never overwritten.`, {
        remedy: 'Go to another folder, or move the keys that are here away.',
        cause: error,
      })
    if (code === 'EACCES' || code === 'EROFS' || code === 'ENOSPC')
      throw new UserError('not_writable', `${file} can't be written (${code}).`, {
        remedy: 'Go to a folder that you can write to.',
        cause: error,
      })
    throw error
  }
}
