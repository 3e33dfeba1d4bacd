import { reportSigning, UserError } from '../../grader/index.ts'
import { readKey, readReport } from '../read-report.ts'
import { plainLine } from '../reporters/grades/plain-text.ts'
import { writeFormats } from '../reporters/grades/write-formats.ts'
import type { Session } from '../session.ts'

export async function run(
  [file = '']: (string | undefined)[],
  options: Record<string, unknown>,
  { cwd, env, stdout, stderr, terminal }: Session,
): Promise<number> {
  const { keyIdOf, readPublicKey, verifyGrades } = await reportSigning()
  if (typeof options['key'] !== 'string')
    throw new UserError('usage', 'A report is verified with the public key of whoever graded.', {
      remedy: `Type: npx learn-backend report verify ${file} --key learn-backend-report.pub`,
    })
  const pem = await readKey(options['key'], cwd)
  // A wrong key is a wrong call, and says nothing about the report.
  const keyId = keyIdOf(readPublicKey(pem, `The key in ${options['key']}`))
  const text = await readReport(file, cwd)
  let grades
  try {
    grades = verifyGrades(text, pem)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (options['json']) stdout.write(`${JSON.stringify({ verified: false, reason: error.message }, null, 2)}\n`)
    else stderr.write(`${terminal.red('✖')} ${error.message}\n${error.remedy ? `${error.remedy}\n` : ''}`)
    return 1
  }
  if (options['json']) {
    stdout.write(`${JSON.stringify({ verified: true, keyId, grades }, null, 2)}\n`)
    return 0
  }
  const { course, startedAt, grader } = grades
  stdout.write(`${terminal.green('✔')} Signed with the key ${keyId}, and unchanged since.\n`)
  stdout.write(`  ${plainLine(course.title)}, graded ${plainLine(startedAt)} by learn-backend ${plainLine(grader)}\n\n`)
  stdout.write(await writeFormats(grades, [{ name: 'terminal' }], { cwd, env, terminal }))
  return 0
}
