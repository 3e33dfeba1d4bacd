import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UserError } from '../../../grader/index.ts'
import { classOfThree } from './class-of-three.ts'
import { dangersIn, hostileGrades } from './hostile-grades.ts'
import { plainTerminal } from './open-formats.ts'
import { parseFormats, writeFormats } from './write-formats.ts'

let cwd = ''
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'learn-backend-formats-'))
})
afterEach(() => rm(cwd, { recursive: true, force: true }))

let printed = ''
const stdout = { write: (text: string) => (printed += text) }
const write = (values: string[], env: Record<string, string> = {}, grades = classOfThree) =>
  writeFormats(grades, parseFormats(values), { cwd, env, stdout, terminal: plainTerminal() })

async function refusal(work: () => unknown): Promise<UserError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
  return expect.fail('nothing was refused')
}

test.each([
  ['terminal', { name: 'terminal' }],
  ['json', { name: 'json' }],
  ['json=a=b.json', { name: 'json', target: 'a=b.json' }],
  ['junit', { name: 'junit', target: 'junit.xml' }],
  ['junit=-', { name: 'junit' }],
  ['html', { name: 'html', target: 'grades.html' }],
  ['github', { name: 'github' }],
  ['gitlab', { name: 'gitlab', target: '.' }],
])('--format %s is understood', (value, wanted) => {
  expect(parseFormats([value])).toEqual([wanted])
})

test('an unknown format is answered with the nearest one and the list', async () => {
  const error = await refusal(() => parseFormats(['junti=x.xml']))
  expect(error.code).toBe('usage')
  expect(error.message).toBe('There is no format "junti". Did you mean "junit"?')
  for (const name of ['terminal', 'json', 'junit', 'markdown', 'html', 'github', 'gitlab'])
    expect(error.remedy).toContain(`  ${name} `)
  expect((await refusal(() => parseFormats(['constructor']))).code).toBe('usage')
})

test.each([
  [['json='], 'a file is missing'],
  [['github=x.md'], 'takes no file'],
  [['gitlab=-'], 'needs a folder'],
  [['json', 'markdown'], 'both be written to standard output'],
  [['json=x', 'html=x'], 'both be written to x'],
])('%j is refused: %s', async (values, why) => {
  const error = await refusal(() => parseFormats(values))
  expect(error).toMatchObject({ code: 'usage', message: expect.stringContaining(why), remedy: expect.any(String) })
})

test('without a format, and beside files, the log is for people', async () => {
  expect(await write([])).toContain('✔ ada    hello-http')
  expect(await write(['json=deep/er/grades.json'])).toContain('✔ ada    hello-http')
  expect(JSON.parse(await readFile(join(cwd, 'deep/er/grades.json'), 'utf8'))).toEqual(classOfThree)
})

test('a format that is printed stands alone', async () => {
  expect(JSON.parse(await write(['json', 'html']))).toEqual(classOfThree)
  expect(await readFile(join(cwd, 'grades.html'), 'utf8')).toContain('<!DOCTYPE html>')
})

test('gitlab gets both of its files', async () => {
  await write(['gitlab=out'])
  expect((await readdir(join(cwd, 'out'))).sort()).toEqual(['gl-code-quality-report.json', 'junit.xml'])
})

test('for github everything printed is kept from being a command, but the annotations', async () => {
  const [summary, output] = [join(cwd, 'summary'), join(cwd, 'output')]
  await Promise.all([writeFile(summary, 'before\n'), writeFile(output, 'a=b\n')])
  const log = await write(['github'], { GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: output }, hostileGrades)
  const [, token = ''] = /^::stop-commands::([0-9a-f]{32})\n/.exec(log) ?? []
  const [inside = '', after = ''] = log.slice(log.indexOf('\n') + 1).split(`::${token}::\n`)
  expect(dangersIn(inside)).toEqual([])
  expect(inside).toContain('points (0 %)')
  expect(after.match(/^::error file=/gm)).toHaveLength(10)
  expect(await readFile(summary, 'utf8')).toMatch(/^before\n# Grades/)
  expect(await readFile(output, 'utf8')).toMatch(/^a=b\npoints=0\n/)
})

test('files of the platform whose folder is not there are left out', async () => {
  const log = await write(['github'], { GITHUB_STEP_SUMMARY: join(cwd, 'gone', 'summary') })
  expect(log).toContain('::error file=')
  expect(await readdir(cwd)).toEqual([])
})

test('a result replaces the earlier one, and nothing else is left behind', async () => {
  await writeFile(join(cwd, 'grades.json'), 'x'.repeat(100_000))
  await write(['json=grades.json'])
  expect(JSON.parse(await readFile(join(cwd, 'grades.json'), 'utf8'))).toEqual(classOfThree)
  expect(await readdir(cwd)).toEqual(['grades.json'])
})

test('no result is written through a link', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'learn-backend-outside-'))
  try {
    const victim = join(outside, 'victim')
    await writeFile(victim, 'mine')
    await symlink(victim, join(cwd, 'grades.json'))
    await symlink(outside, join(cwd, 'results'))
    await symlink(join(outside, 'new'), join(cwd, 'dangling'))
    for (const value of ['json=grades.json', 'json=results/victim', 'json=results/a/b.json', 'json=dangling']) {
      const error = await refusal(() => write([value]))
      expect(error).toMatchObject({ code: 'not_writable', message: expect.stringContaining('symbolic link') })
    }
    const linked = { GITHUB_STEP_SUMMARY: join(cwd, 'grades.json') }
    expect((await refusal(() => write(['github'], linked))).code).toBe('not_writable')
    expect(await readFile(victim, 'utf8')).toBe('mine')
    expect(await readdir(outside)).toEqual(['victim'])
  } finally {
    await rm(outside, { recursive: true })
  }
})

test('a file that cannot be written costs neither the log nor the other files', async () => {
  await mkdir(join(cwd, 'folder'))
  printed = ''
  expect((await refusal(() => write(['json=folder', 'html']))).code).toBe('not_writable')
  expect(printed).toContain('✔ ada    hello-http')
  expect((await readdir(cwd)).sort()).toEqual(['folder', 'grades.html'])
})

test('what cannot be written is said with the reason', async () => {
  await Promise.all([mkdir(join(cwd, 'folder')), writeFile(join(cwd, 'file'), '')])
  execFileSync('mkfifo', [join(cwd, 'pipe')])
  for (const [value, reason] of [
    ['json=folder', 'it is a folder'],
    ['json=file/grades.json', 'a part of its path is a file'],
    ['json=pipe', 'it is not a regular file'],
    [`json=${'x'.repeat(300)}`, 'its name is too long'],
  ] as const) {
    const error = await refusal(() => write([value]))
    expect(error).toMatchObject({ code: 'not_writable', message: expect.stringContaining(reason) })
  }
  if (process.getuid?.() === 0) return
  await chmod(cwd, 0o500)
  expect((await refusal(() => write(['json=x.json']))).message).toContain('permission denied')
})
