import { reportSigning } from '../../grader/index.ts'
import { readKey, readReport } from '../read-report.ts'
import { parseFormats, writeFormats } from '../reporters/grades/write-formats.ts'
import type { Session } from '../session.ts'

export async function run(
  [file = '']: (string | undefined)[],
  options: Record<string, unknown>,
  { cwd, env, stdout, stderr, terminal }: Session,
): Promise<number> {
  const { readGrades, verifyGrades } = await reportSigning()
  // Before the report is read: who mistypes a format need not wait for it.
  const wanted = parseFormats([options['format'] ?? []].flat().map(String))
  const text = await readReport(file, cwd)
  const verified = typeof options['key'] === 'string'
  const { grades, keyId } = verified
    ? { grades: verifyGrades(text, await readKey(String(options['key']), cwd)) }
    : readGrades(text)
  if (keyId !== undefined)
    stderr.write(`${terminal.dim(`Signed with the key ${keyId}, which was not checked: --key checks it.`)}\n`)
  stdout.write(await writeFormats(grades, wanted, { cwd, env, stdout, terminal }))
  return 0
}
