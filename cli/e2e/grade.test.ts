import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { HtmlValidate } from 'html-validate'
import { marked } from 'marked'
import { expect, test } from 'vitest'
import { validateXML } from 'xmllint-wasm'
import { gradesSchema } from '../../grader/report/grades.ts'
import { gitIn, grade, gradeToJson, linesOf, makeFork, pings, placeSolution, writeFiles } from './forks.ts'
import { setTrap } from './leftovers.ts'
import { cli, packageRoot } from './run-cli.ts'
import { emptyFolder } from './tiny-course.ts'

const schema = readFileSync(join(packageRoot, 'cli/reporters/grades/junit.xsd'), 'utf8')

async function errorsInXml(contents: string): Promise<string[]> {
  const { errors } = await validateXML({ xml: [{ fileName: 'junit.xml', contents }], schema: [schema] })
  return errors.map(({ message }) => message)
}

/** ana has everything, ben 8 of 10 points for ping. */
function makeClass(): string {
  const folder = emptyFolder()
  makeFork(join(folder, 'ana'))
  placeSolution(join(folder, 'ana/ping'), 'ping', 'js')
  makeFork(join(folder, 'ben'))
  return folder
}

test('a workspace: every exercise in it, or those that are named', async () => {
  const fork = emptyFolder()
  makeFork(fork)
  writeFiles(fork, { 'notes/todo.md': 'x' })
  const all = await gradeToJson(['.'], { cwd: fork })
  expect(all.exitCode, all.stderr).toBe(1)
  expect(linesOf(all.grades)).toEqual(['ping 8/10', 'echo 10/10'])
  expect(all.grades).toMatchObject({ points: { earned: 18, possible: 20 }, isolation: { id: 'bubblewrap' } })
  expect(all.grades.submissions.some(({ learner }) => learner !== undefined)).toBe(false)
  const one = await gradeToJson([fork, 'echo'])
  expect(one.exitCode, one.stderr).toBe(0)
  expect(linesOf(one.grades)).toEqual(['echo 10/10'])
})

test('a class: every workspace in the folder, by learner', async () => {
  const folder = makeClass()
  writeFiles(folder, { 'README.md': 'x', 'no-fork/ping/main.js': pings.good, '.git/learn-backend.yaml': '' })
  const { exitCode, grades } = await gradeToJson([folder])
  expect(exitCode).toBe(1)
  expect(linesOf(grades)).toEqual(['ana/ping 10/10', 'ana/echo 10/10', 'ben/ping 8/10', 'ben/echo 10/10'])
  expect(grades.submissions.map(({ learner }) => learner)).toEqual(['ana', 'ana', 'ben', 'ben'])
  const { stdout } = await grade([folder, 'ping'])
  expect(stdout).toMatch(/^✔ ana +ping +10\/10$/m)
  expect(stdout).toMatch(/^✖ ben +ping +8\/10.*$/m)
  expect(stdout).toContain('18/20 points')
})

test('--as: every subfolder is a solution of one exercise, in any language', async () => {
  const folder = emptyFolder()
  placeSolution(join(folder, 'typed'), 'ping', 'ts')
  writeFiles(folder, { 'plain/main.mjs': pings.good, 'wrong/main.mjs': pings.empty })
  const { exitCode, grades } = await gradeToJson([folder, '--as', 'ping'])
  expect(exitCode).toBe(1)
  expect(linesOf(grades)).toEqual(['plain 8/10', 'typed 10/10', 'wrong 0/10'])
})

test('exit codes: 0 from --fail-under on, 1 below, 2 for a wrong usage', async () => {
  const folder = makeClass()
  // 18 of 20 points: exactly 90 percent.
  for (const [words, code] of [
    [['--fail-under', '90'], 0],
    [['--fail-under', '90%'], 0],
    [['--fail-under', '90.1'], 1],
    [['--fail-under', '0'], 0],
    [[], 1],
  ] as const) {
    const { exitCode, stderr } = await grade([folder, 'ping', ...words])
    expect(exitCode, `${words.join(' ')} ${stderr}`).toBe(code)
  }
  const empty = emptyFolder()
  for (const [words, said] of [
    [[folder, '--fail-under', '101'], /--fail-under takes a percentage from 0 to 100, not "101"/],
    [[folder, '--fail-under', 'most'], /--fail-under takes a percentage/],
    [[folder, '--jobs', '0'], /--jobs takes a whole number from 1 to 256/],
    [[folder, '--format', 'jsn'], /There is no format "jsn"\. Did you mean "json"\?/],
    [[folder, 'pong'], /pong/],
    [[folder, '--as', 'pong'], /pong/],
    [[folder, 'ping', '--as', 'ping'], /With --as, every subfolder is a solution/],
    [[folder, '--isolation', 'hope'], /hope/],
    [[empty], /There is nothing to grade in .*\n(?:.*\n)*.*learn-backend grade/],
    [[join(empty, 'nowhere')], /nowhere does not exist/],
    [[folder, '--course', empty], /course\.yaml/],
  ] as const) {
    const { exitCode, stderr, stdout } = await grade([...words])
    expect(stderr).toMatch(said)
    expect(exitCode, stderr).toBe(2)
    expect(stdout).toBe('')
  }
})

test('without any isolation nothing is started: exit code 3, what was tried, the ways out', async () => {
  await using trap = await setTrap()
  const folder = makeClass()
  const nowhere = { PATH: join(folder, 'nothing'), DOCKER_HOST: 'unix:///nonexistent/docker.sock' }
  for (const isolation of ['auto', 'bubblewrap']) {
    const words = [folder, '--isolation', isolation, '--format', `json=${join(folder, 'grades.json')}`]
    const { exitCode, stdout, stderr } = await grade(words, { env: { ...trap.env, ...nowhere } })
    expect(exitCode, stderr).toBe(3)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/Solutions can't be isolated here, so nothing was started\. Tried:/)
    expect(stderr).toMatch(/bubblewrap +bubblewrap \(bwrap\) is not installed/)
    expect(stderr).toMatch(/bubblewrap +.*install/)
    expect(stderr).toContain('Only for code that you trust as your own: --isolation none')
    expect(existsSync(join(folder, 'grades.json'))).toBe(false)
    expect(await trap.settled()).toEqual([])
  }
  const trusted = await gradeToJson([folder, 'ping', '--isolation', 'none'], { env: { ...trap.env, ...nowhere } })
  expect(linesOf(trusted.grades)).toEqual(['ana/ping 10/10', 'ben/ping 8/10'])
  expect(trusted.grades.isolation).toMatchObject({ id: 'none', mechanism: 'not confined' })
})

test('--changed-since grades what the branch changed, and nothing else', async () => {
  const folder = makeClass()
  const git = gitIn(folder)
  const commit = async () => [await git('add', '-A'), await git('commit', '-qm', 'x')]
  await git('init', '-q', '-b', 'main')
  await commit()
  await git('checkout', '-qb', 'mine')
  writeFiles(folder, { 'ben/ping/main.js': pings.empty, 'README.md': 'x' })
  await commit()
  await git('checkout', '-q', 'main')
  writeFiles(folder, { 'ana/echo/more.js': '' })
  await commit()
  await git('checkout', '-q', 'mine')
  // Not committed.
  writeFiles(folder, { 'ana/ping/more.js': '' })
  const { exitCode, grades, stderr } = await gradeToJson([folder, '--changed-since', 'main'])
  expect(exitCode, stderr).toBe(1)
  expect(linesOf(grades)).toEqual(['ben/ping 0/10'])
  const fork = await gradeToJson([join(folder, 'ben'), '--changed-since', 'main'])
  expect(linesOf(fork.grades)).toEqual(['ping 0/10'])
  const none = await gradeToJson([folder, '--changed-since', 'HEAD'])
  expect(none).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('has changed since HEAD') })
  expect(none.grades.submissions).toEqual([])
  for (const [revision, said] of [
    ['nothing', /There is no commit "nothing"/],
    ['--output=x', /--output=x/],
  ] as const) {
    const wrong = await grade([folder, `--changed-since=${revision}`])
    expect(wrong.stderr).toMatch(said)
    expect(wrong.exitCode).toBe(2)
  }
})

test('every format at once, each complete and valid', async () => {
  const folder = makeClass()
  const out = join(emptyFolder(), 'results')
  const names = { terminal: 'log.txt', json: 'g.json', junit: 'j.xml', markdown: 'm.md', html: 'h.html', gitlab: 'lab' }
  const formats = Object.entries(names).flatMap(([name, file]) => ['--format', `${name}=${join(out, file)}`])
  mkdirSync(out)
  const around = { GITHUB_OUTPUT: join(out, 'output'), GITHUB_STEP_SUMMARY: join(out, 'summary') }
  for (const file of Object.values(around)) writeFileSync(file, 'before=1\n')
  const { exitCode, stdout, stderr } = await grade([folder, ...formats, '--format', 'github'], { env: around })
  expect(exitCode, stderr).toBe(1)
  expect(readdirSync(out).sort()).toEqual([...Object.values(names), 'output', 'summary'].sort())
  const text = (file: string) => readFileSync(join(out, file), 'utf8')
  const grades = gradesSchema.parse(JSON.parse(text('g.json')))
  expect(grades.points).toEqual({ earned: 38, possible: 40 })
  expect(text('log.txt')).toContain('38/40 points')
  expect(await errorsInXml(text('j.xml'))).toEqual([])
  expect(marked.lexer(text('m.md')).some(({ type }) => type === 'table')).toBe(true)
  const page = await new HtmlValidate({ extends: ['html-validate:recommended'] }).validateString(text('h.html'))
  expect(page.results.flatMap(({ messages }) => messages.map(({ message }) => message))).toEqual([])
  expect(text('output')).toMatch(/^before=1\npoints=38\npossible=40\npercent=95\npassed=false\n$/)
  expect(text('summary')).toMatch(/^before=1\n[^]*38\/40[^]*ben/)
  expect(readdirSync(join(out, 'lab')).sort()).toEqual(['gl-code-quality-report.json', 'junit.xml'])
  expect(await errorsInXml(text('lab/junit.xml'))).toEqual([])
  expect(JSON.parse(text('lab/gl-code-quality-report.json'))).toMatchObject([
    { severity: 'major', location: { path: expect.stringContaining('ben/ping') } },
  ])
  expect(stdout).toMatch(/^::error file=.*ben\/ping/m)
})

test('signed grades are what report verify accepts, and nothing else is', async () => {
  const cwd = emptyFolder()
  makeFork(join(cwd, 'class/ana'))
  await cli(['report', 'keygen'], { cwd })
  const signing = ['--sign-key', 'learn-backend-report.key']
  const unsigned = await grade(['class', ...signing], { cwd })
  expect(unsigned).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--format json=grades.json') })
  const graded = await grade(['class', ...signing, '--format', 'json=grades.json'], { cwd })
  expect(graded.exitCode, graded.stderr).toBe(1)
  const verify = (file: string) => cli(['report', 'verify', file, '--key', 'learn-backend-report.pub'], { cwd })
  const genuine = await verify('grades.json')
  expect(genuine.exitCode, genuine.stderr).toBe(0)
  for (const said of ['ana', 'ping', '8/10', 'echo', '10/10']) expect(genuine.stdout).toContain(said)
  const envelope = JSON.parse(readFileSync(join(cwd, 'grades.json'), 'utf8')) as { payload: string }
  const better = Buffer.from(envelope.payload, 'base64').toString('utf8').replaceAll('"earned":8', '"earned":10')
  expect(better).toContain('"earned":10')
  const forged = { ...envelope, payload: Buffer.from(better).toString('base64') }
  writeFileSync(join(cwd, 'forged.json'), JSON.stringify(forged))
  expect(await verify('forged.json')).toMatchObject({ exitCode: 1, stdout: '' })
  const inEnvironment = ['class', '--sign-key-env', 'KEY', '--format', 'json=again.json']
  const KEY = readFileSync(join(cwd, 'learn-backend-report.key'), 'utf8')
  expect((await grade(inEnvironment, { cwd, env: { KEY } })).exitCode).toBe(1)
  expect((await verify('again.json')).exitCode).toBe(0)
  expect(await grade(inEnvironment, { cwd })).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('KEY') })
})

test('what cannot be graded is reported, and the others are graded', async () => {
  const folder = emptyFolder()
  const outside = emptyFolder()
  writeFiles(outside, { 'main.js': pings.good })
  writeFiles(folder, {
    'good/main.mjs': pings.good,
    'without-main/README.md': 'x',
    'syntax/main.js': 'const = 1\n',
    'typed-packages/main.ts': "import 'left-pad'\n",
    'typed-packages/package.json': '{ "dependencies": { "left-pad": "1.3.0", "pgg": "1" } }',
    'types/main.ts': "import { a } from './absent.ts'\nconsole.log(a)\n",
    'packages/main.js': "import 'left-pad'\n",
    'packages/package.json': '{ "type": "module", "dependencies": { "left-pad": "1.3.0" } }',
    'inner-link/package.json': '{}',
    'json/package.json': '{ not json',
    'json/main.mjs': pings.good,
    'hard/README.md': 'x',
    'large/main.mjs': 'x'.repeat(11 * 2 ** 20),
  })
  mkdirSync(join(folder, 'nothing'))
  symlinkSync(outside, join(folder, 'linked'))
  symlinkSync(join(outside, 'main.js'), join(folder, 'inner-link/main.mjs'))
  linkSync(join(outside, 'main.js'), join(folder, 'hard/main.mjs'))
  await execa('mkfifo', [join(folder, 'hard/pipe')])
  const { exitCode, grades, stderr } = await gradeToJson([folder, '--as', 'ping'])
  expect(exitCode, stderr).toBe(1)
  expect(linesOf(grades)).toEqual([
    'good 8/10',
    'hard 0/10 refused',
    'inner-link 0/10 refused',
    'json 8/10',
    'large 0/10 refused',
    'linked 0/10 refused',
    'nothing 0/10 build_failed',
    'packages 0/10 crashed',
    'syntax 0/10 crashed',
    'typed-packages 0/10 build_failed',
    'types 0/10 build_failed',
    'without-main 0/10 build_failed',
  ])
  expect(grades.submissions.every(({ report }) => report.status !== 'errored')).toBe(true)
  const types = grades.submissions.find(({ folder: name }) => name === 'types')?.report.evidence?.log?.join('\n')
  expect(types).toMatch(/main\.ts:1:\d+ .*absent/)
  const said = Object.fromEntries(grades.submissions.map(({ folder: name, report }) => [name, report.message]))
  expect(said['packages']).toMatch(/package\.json asks for left-pad, which this course does not provide/)
  expect(said['linked']).toMatch(/symbolic link/)
  expect(said['inner-link']).toMatch(/main\.mjs.*link/)
  expect(said['hard']).toMatch(/hard link|named pipe/)
  expect(said['without-main']).toMatch(/no main file was found/)
  expect(said['typed-packages']).toMatch(/does not build[^]*package\.json asks for left-pad, pgg/)
  expect(JSON.stringify(said)).not.toMatch(/learn-backend-run-|solution\/main/)
})
