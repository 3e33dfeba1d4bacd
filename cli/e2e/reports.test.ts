import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { signGrades } from '../../grader/report/sign.ts'
import { cli } from './run-cli.ts'
import { smallGrades } from './small-grades.ts'
import { emptyFolder } from './tiny-course.ts'

const privateFile = 'learn-backend-report.key'
const publicFile = 'learn-backend-report.pub'

/** A folder with a pair of keys, `grades.json` and its signed form `signed.json`. */
async function folderWithReports(): Promise<string> {
  const cwd = emptyFolder()
  const { exitCode, stderr } = await cli(['report', 'keygen'], { cwd })
  expect(exitCode, stderr).toBe(0)
  const signed = signGrades(smallGrades(), readFileSync(join(cwd, privateFile), 'utf8'))
  writeFileSync(join(cwd, 'grades.json'), JSON.stringify(smallGrades()))
  writeFileSync(join(cwd, 'signed.json'), JSON.stringify(signed))
  return cwd
}

test('report keygen makes a pair that only its owner can read, and never overwrites one', async () => {
  const cwd = emptyFolder()
  const { stdout } = await cli(['report', 'keygen', '--json'], { cwd })
  expect(JSON.parse(stdout)).toEqual({
    keyId: expect.stringMatching(/^[0-9a-f]{16}$/),
    privateKey: privateFile,
    publicKey: publicFile,
  })
  expect(statSync(join(cwd, privateFile)).mode & 0o777).toBe(0o600)
  const before = readFileSync(join(cwd, privateFile), 'utf8')
  const again = await cli(['report', 'keygen'], { cwd })
  expect(again.exitCode).toBe(2)
  expect(again.stderr).toContain('never overwritten')
  expect(readFileSync(join(cwd, privateFile), 'utf8')).toBe(before)
})

test('report keygen leaves no half of a pair', async () => {
  const cwd = emptyFolder()
  writeFileSync(join(cwd, publicFile), 'another')
  expect((await cli(['report', 'keygen'], { cwd })).exitCode).toBe(2)
  expect(readdirSync(cwd)).toEqual([publicFile])
})

test('report verify says who earned what, when, and exits with 0', async () => {
  const cwd = await folderWithReports()
  const { exitCode, stdout, stderr } = await cli(['report', 'verify', 'signed.json', '--key', publicFile], { cwd })
  expect(exitCode, stderr).toBe(0)
  for (const said of ['unchanged since', 'ana', 'hello-http', '7/10', '2026-11-22T20:00:00.000Z'])
    expect(stdout).toContain(said)
})

test('report verify exits with 1 for what is not genuine, and shows none of it', async () => {
  const cwd = await folderWithReports()
  const signed = JSON.parse(readFileSync(join(cwd, 'signed.json'), 'utf8')) as { payload: string }
  const better = JSON.stringify({ ...smallGrades(), points: { earned: 10, possible: 10 } })
  const forged = { ...signed, payload: Buffer.from(better).toString('base64') }
  writeFileSync(join(cwd, 'forged.json'), JSON.stringify(forged))
  for (const [file, why] of [
    ['forged.json', 'was changed'],
    ['grades.json', 'not signed'],
  ] as const) {
    const { exitCode, stdout, stderr } = await cli(['report', 'verify', file, '--key', publicFile], { cwd })
    expect(exitCode).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(why)
    const { stdout: json } = await cli(['report', 'verify', file, '--key', publicFile, '--json'], { cwd })
    expect(JSON.parse(json)).toEqual({ verified: false, reason: expect.stringContaining(why) })
  }
})

test.each([
  [['signed.json'], 'public key of whoever graded'],
  [['signed.json', '--key', privateFile], 'is a private key'],
  [['signed.json', '--key', 'absent.pub'], 'no such file'],
  [['absent.json', '--key', publicFile], 'no such file'],
  [['.', '--key', publicFile], 'it is a folder'],
])('report verify %o is a wrong usage', async (words, why) => {
  const { exitCode, stderr } = await cli(['report', 'verify', ...words], { cwd: await folderWithReports() })
  expect(stderr).toContain(why)
  expect(exitCode).toBe(2)
})

test('report show makes every format of a stored report, signed or not', async () => {
  const cwd = await folderWithReports()
  const files = ['--format', 'markdown=out.md', '--format', 'junit=out.xml', '--format', 'html=out.html']
  const { exitCode, stdout, stderr } = await cli(['report', 'show', 'grades.json', ...files], { cwd })
  expect(exitCode, stderr).toBe(0)
  expect(stdout).toContain('7/10')
  for (const file of ['out.md', 'out.xml', 'out.html']) expect(readFileSync(join(cwd, file), 'utf8')).toContain('ana')
  const unchecked = await cli(['report', 'show', 'signed.json', '--format', 'json=again.json'], { cwd })
  expect(unchecked.stderr).toContain('not checked')
  expect(JSON.parse(readFileSync(join(cwd, 'again.json'), 'utf8'))).toEqual(smallGrades())
  const checked = await cli(['report', 'show', 'signed.json', '--key', publicFile], { cwd })
  expect(checked.stderr).toBe('')
  expect(checked.stdout).toContain('7/10')
})

test('report show with a key shows nothing that is not signed with it', async () => {
  const cwd = await folderWithReports()
  const { exitCode, stdout, stderr } = await cli(['report', 'show', 'grades.json', '--key', publicFile], { cwd })
  expect(exitCode).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain('not signed')
})

test('report show does not wait for a writer of a pipe, nor read a file without end', async () => {
  const cwd = emptyFolder()
  await execa('mkfifo', [join(cwd, 'pipe')])
  for (const file of ['pipe', '/dev/zero']) {
    const { exitCode, stderr } = await cli(['report', 'show', file], { cwd, deadline: 20_000 })
    expect(stderr).toContain('no regular file')
    expect(exitCode).toBe(2)
  }
})
