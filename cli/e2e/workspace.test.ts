import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { cli, program } from './run-cli.ts'
import { hasTerminal, onTerminal } from './run-on-terminal.ts'
import { emptyFolder, solve, tinyCourse, tinyExercise, tinyWorkspace } from './tiny-course.ts'

const read = (...path: string[]) => readFileSync(join(...path), 'utf8')
const events = (folder: string, id = 'ping') =>
  read(folder, '.learn-backend/progress', `${id}.jsonl`)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string })

test('next in an empty folder makes a workspace and says what to read, edit and type', async () => {
  const cwd = emptyFolder()
  const { exitCode, stdout, stderr } = await cli(['next', '--course', tinyCourse], { cwd })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/Ping · ping · Basics · TypeScript/)
  expect(stdout).toMatch(/read +ping\/README\.md/)
  expect(stdout).toMatch(/edit +ping\/main\.ts/)
  expect(stdout).toMatch(/type +npx learn-backend verify\n$/)
  expect(exitCode).toBe(0)
  expect(readdirSync(cwd).sort()).toEqual([
    '.gitignore',
    '.learn-backend',
    'learn-backend.yaml',
    'package.json',
    'ping',
    'tsconfig.json',
  ])
  expect(readdirSync(join(cwd, 'ping')).sort()).toEqual(['README.md', 'main.ts', 'package.json'])
  expect(read(cwd, 'ping/main.ts')).toBe(read(tinyExercise('ping', 'starter/ts/main.ts')))
  expect(read(cwd, '.learn-backend/.gitattributes')).toContain('*.jsonl text eol=lf merge=union')
  expect(events(cwd)).toMatchObject([{ v: 1, type: 'started', lang: 'ts' }])
})

test('a workspace for JavaScript has no settings for TypeScript', async () => {
  const folder = await tinyWorkspace('--lang', 'js')
  expect(readdirSync(folder).sort()).toEqual(['.gitignore', '.learn-backend', 'learn-backend.yaml', 'ping'])
  expect(readdirSync(join(folder, 'ping')).sort()).toEqual(['README.md', 'main.js', 'package.json'])
})

test('without --course the built-in course is used', async () => {
  const cwd = emptyFolder()
  const { exitCode, stdout } = await cli(['next', '--json'], { cwd })
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    workspace: cwd,
    exercise: { id: 'hello-http', status: 'started' },
    next: 'npx learn-backend verify',
  })
  expect(read(cwd, 'learn-backend.yaml')).not.toContain('course:')
})

test('files that every project starts with are no obstacle; those that differ are kept and named', async () => {
  const cwd = emptyFolder()
  mkdirSync(join(cwd, '.git'))
  for (const name of ['README.md', 'LICENSE', '.gitignore', 'package.json'])
    writeFileSync(join(cwd, name), `my ${name}`)
  const { exitCode, stdout } = await cli(['next', '--course', tinyCourse, '--json'], { cwd })
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout).made).toEqual({
    created: expect.arrayContaining(['learn-backend.yaml', 'tsconfig.json']),
    kept: ['.gitignore', 'package.json'],
  })
  expect(read(cwd, 'package.json')).toBe('my package.json')
  expect(read(cwd, '.gitignore')).toBe('my .gitignore')
})

test('a folder with other files becomes a workspace only with --yes', async () => {
  const cwd = emptyFolder()
  writeFileSync(join(cwd, 'thesis.doc'), '')
  const refused = await cli(['next', '--course', tinyCourse], { cwd })
  expect(refused).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringMatching(/not empty.*npx learn-backend next --yes/s),
  })
  expect(readdirSync(cwd)).toEqual(['thesis.doc'])
  expect(await cli(['next', '--course', tinyCourse, '--yes'], { cwd })).toMatchObject({ exitCode: 0 })
  expect(readdirSync(cwd)).toContain('thesis.doc')
})

test.skipIf(!hasTerminal)('on a terminal it asks once', async () => {
  const cwd = emptyFolder()
  writeFileSync(join(cwd, 'thesis.doc'), '')
  const answering = (typed: string) => ({ cwd, answer: { to: 'Make it a workspace?', typed } })
  expect(await onTerminal(['next', '--course', tinyCourse], answering('n\n'))).toMatchObject({ exitCode: 2 })
  expect(readdirSync(cwd)).toEqual(['thesis.doc'])
  expect(await onTerminal(['next', '--course', tinyCourse], answering('y\n'))).toMatchObject({ exitCode: 0 })
  expect(existsSync(join(cwd, 'ping/main.ts'))).toBe(true)
})

test('what can not be used is said before anything is written', async () => {
  const cwd = emptyFolder()
  expect(await cli(['next', 'pong', '--course', tinyCourse], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Did you mean "ping"?'),
  })
  expect(await cli(['next', '--course', 'nowhere'], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('course.yaml'),
  })
  expect(await cli(['next', '--lang', 'tss', '--course', tinyCourse], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Did you mean "ts"?'),
  })
  expect(readdirSync(cwd)).toEqual([])
})

test('an existing solution is never overwritten: what differs is kept and named, what is missing is added', async () => {
  const folder = await tinyWorkspace()
  mkdirSync(join(folder, 'echo'))
  writeFileSync(join(folder, 'echo/main.ts'), 'my own')
  const { exitCode, stdout } = await cli(['next', 'echo'], { cwd: folder })
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/kept +echo\/main\.ts/)
  expect(read(folder, 'echo/main.ts')).toBe('my own')
  expect(existsSync(join(folder, 'echo/README.md'))).toBe(true)
})

test('next shows the exercise one is at, and places the following one when it has passed', async () => {
  const folder = await tinyWorkspace()
  await cli(['verify'], { cwd: folder })
  const again = await cli(['next'], { cwd: folder })
  expect(again.stdout).toMatch(/started · 0 of 10 points · 1 attempt\n.*failing +ping: The service answers a ping/s)
  solve(folder, 'ping')
  await cli(['verify'], { cwd: folder })
  expect((await cli(['next'], { cwd: folder })).stdout).toMatch(/^Echo · echo · Tools/)
  expect(existsSync(join(folder, 'echo/main.ts'))).toBe(true)
  solve(folder, 'echo')
  await cli(['verify'], { cwd: folder })
  expect(await cli(['next'], { cwd: folder })).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('All 2 exercises of "A tiny course" are passed'),
  })
})

test('a name goes to that exercise, and back', async () => {
  const folder = await tinyWorkspace()
  const jump = JSON.parse((await cli(['next', 'echo', '--lang', 'JavaScript', '--json'], { cwd: folder })).stdout)
  expect(jump).toMatchObject({
    exercise: { id: 'echo' },
    lang: 'js',
    placed: { created: ['README.md', 'main.js', 'package.json'], kept: [] },
  })
  expect(JSON.parse((await cli(['status', '--json'], { cwd: folder })).stdout).current.id).toBe('echo')
  const back = JSON.parse((await cli(['next', 'ping/', '--json'], { cwd: folder })).stdout)
  expect(back).toMatchObject({ exercise: { id: 'ping' }, lang: 'ts' })
  expect(back.placed).toBeUndefined()
  expect(JSON.parse((await cli(['status', '--json'], { cwd: folder })).stdout).current.id).toBe('ping')
})

test('another language puts the work aside and brings it back; it is that of the workspace from then on', async () => {
  const folder = await tinyWorkspace()
  writeFileSync(join(folder, 'ping/main.ts'), '// half done')
  const there = await cli(['next', '--lang', 'js'], { cwd: folder })
  expect(there).toMatchObject({ exitCode: 0 })
  expect(there.stdout).toMatch(/kept +your work in TypeScript, in \.learn-backend\/solutions\/ping\/ts/)
  expect(readdirSync(join(folder, 'ping')).toSorted()).toEqual(['README.md', 'main.js', 'package.json'])
  expect(readFileSync(join(folder, 'learn-backend.yaml'), 'utf8')).toMatch(/^# .*\nversion: 1\nlang: js$/m)
  writeFileSync(join(folder, 'ping/main.js'), '// better')

  const back = await cli(['next', '--lang', 'ts'], { cwd: folder })
  expect(back.stdout).toMatch(/back +what you had written/)
  expect(readFileSync(join(folder, 'ping/main.ts'), 'utf8')).toBe('// half done')
  expect(readFileSync(join(folder, '.learn-backend/solutions/ping/js/main.js'), 'utf8')).toBe('// better')

  // Told again, nothing moves.
  const again = JSON.parse((await cli(['next', '--lang', 'ts', '--json'], { cwd: folder })).stdout)
  expect(again.switched).toBeUndefined()
  expect(readFileSync(join(folder, 'ping/main.ts'), 'utf8')).toBe('// half done')
})

test('a language that is not installed is refused before anything is written', async () => {
  const cwd = emptyFolder()
  const refused = await cli(['next', '--lang', 'go', '--course', tinyCourse], { cwd, env: { PATH: emptyFolder() } })
  expect(refused).toMatchObject({ exitCode: 3, stdout: '' })
  expect(refused.stderr).toMatch(/Go is not installed: there is no go on the PATH\./)
  expect(refused.stderr).toMatch(/Or take a language that is here: ts, js/)
  expect(readdirSync(cwd)).toEqual([])
})

test('an interrupted next is completed by the next one', async () => {
  for (const delay of [60, 90, 120, 160]) {
    const cwd = emptyFolder()
    const child = spawn(process.execPath, [program, 'next', '--course', tinyCourse], { cwd, stdio: 'ignore' })
    // It may be done before it is killed.
    const ended = once(child, 'exit')
    await sleep(delay)
    child.kill('SIGKILL')
    await ended
    const { exitCode, stdout } = await cli(['next', '--course', tinyCourse], { cwd })
    expect(exitCode).toBe(0)
    expect(stdout).not.toContain('kept')
    for (const file of ['README.md', 'main.ts', 'package.json']) {
      const source = file === 'README.md' ? tinyExercise('ping', file) : tinyExercise('ping', 'starter/ts', file)
      expect(read(cwd, 'ping', file)).toBe(read(source))
    }
  }
})

test('a workspace that can not be used is refused with file, line and suggestion', async () => {
  const folder = await tinyWorkspace()
  appendFileSync(join(folder, 'learn-backend.yaml'), 'cuorse: x\n')
  for (const command of ['next', 'verify', 'status', 'list', 'hint']) {
    expect(await cli([command], { cwd: folder })).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/learn-backend\.yaml:5:1 unknown key "cuorse"\. Did you mean "course"\?/),
    })
  }
})

test('verify finds the exercise from the folder, else it takes the current one', async () => {
  const folder = await tinyWorkspace()
  await cli(['next', 'echo'], { cwd: folder })
  mkdirSync(join(folder, 'ping/src'))
  const verified = async (cwd: string, ...words: string[]) =>
    JSON.parse((await cli(['verify', '--json', ...words], { cwd })).stdout).exercise.id
  expect(await verified(folder)).toBe('echo')
  expect(await verified(join(folder, 'ping/src'))).toBe('ping')
  expect(await verified(folder)).toBe('ping')
  expect(await verified(folder, 'echo')).toBe('echo')
  expect(await verified(join(folder, 'ping'), '.')).toBe('ping')
})

test('two clones that both went on merge without a conflict', async () => {
  const folder = await tinyWorkspace()
  const git = async (cwd: string, ...words: string[]) =>
    execa('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'commit.gpgsign=false', ...words], {
      cwd,
    })
  await git(folder, 'init', '-b', 'main')
  await git(folder, 'add', '.')
  await git(folder, 'commit', '-m', 'start')
  const clone = join(emptyFolder(), 'clone')
  await git(folder, 'clone', folder, clone)
  // The course is named relative to the workspace, and the clone lies elsewhere.
  const course = ['--course', tinyCourse]

  await cli(['hint', ...course], { cwd: folder })
  await cli(['next', 'echo', ...course], { cwd: folder })
  solve(clone, 'ping')
  await cli(['verify', ...course], { cwd: clone })
  await cli(['next', ...course], { cwd: clone })
  await cli(['reset', 'echo', '--yes', ...course], { cwd: clone })
  for (const cwd of [folder, clone]) {
    await git(cwd, 'add', '.')
    await git(cwd, 'commit', '-m', 'went on')
  }
  await git(folder, 'pull', '--no-rebase', '--no-edit', clone, 'main')
  expect(
    events(folder)
      .map(({ type }) => type)
      .sort(),
  ).toEqual(['attempt', 'hint', 'started'])
  expect(
    events(folder, 'echo')
      .map(({ type }) => type)
      .sort(),
  ).toEqual(['reset', 'started', 'started', 'started'])
  const { stdout, stderr } = await cli(['status', '--json', ...course], { cwd: folder })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({ exercises: { passed: 1, started: 1 }, current: { id: 'echo' } })
  // Backups are the learner's own.
  expect(existsSync(join(folder, '.learn-backend/backups'))).toBe(false)
})

test('a damaged progress file is set aside with a message, and its good lines count', async () => {
  const folder = await tinyWorkspace()
  solve(folder, 'ping')
  await cli(['verify'], { cwd: folder })
  const file = join(folder, '.learn-backend/progress/ping.jsonl')
  const before = read(file)
  appendFileSync(file, '<<<<<<< HEAD\n{"v":1,"at":')
  const damaged = read(file)
  const { exitCode, stdout, stderr } = await cli(['status', '--json'], { cwd: folder })
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ exercises: { passed: 1 } })
  const [, aside] = /set aside as (ping\.jsonl\.damaged-\d{8}-\d{6})/.exec(stderr) ?? []
  expect(read(folder, '.learn-backend/progress', aside as string)).toBe(damaged)
  expect(read(file)).toBe(before)
  expect((await cli(['status'], { cwd: folder })).stderr).toBe('')
})

test('where progress can not be saved, verify shows its result with a warning, and next says why it can not go on', async () => {
  const folder = await tinyWorkspace()
  const progress = join(folder, '.learn-backend/progress')
  renameSync(progress, `${progress}-away`)
  writeFileSync(progress, 'in the way')
  const verify = await cli(['verify', 'ping'], { cwd: folder })
  expect(verify).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('0 of 10 points') })
  expect(verify.stderr).toMatch(/Warning: your progress could not be saved\..*\.learn-backend\/progress/)
  expect(JSON.parse((await cli(['verify', 'ping', '--json'], { cwd: folder })).stdout).status).toBe('failed')
  expect(await cli(['next', 'echo'], { cwd: folder })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/can't be written: a part of the path is a file/),
  })
  const hint = await cli(['hint', 'ping'], { cwd: folder })
  expect(hint).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('hint 1 of 2'),
    stderr: expect.stringContaining('could not be saved'),
  })
  expect(read(progress)).toBe('in the way')
})

test('where spec and starter can not be placed, next says so', async () => {
  const folder = await tinyWorkspace()
  writeFileSync(join(folder, 'echo'), 'a file of mine')
  expect(await cli(['next', 'echo'], { cwd: folder })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/echo\/README\.md can't be written/),
  })
  expect(read(folder, 'echo')).toBe('a file of mine')
})

test('learn-backends that run at once lose no event', async () => {
  const folder = await tinyWorkspace()
  solve(folder, 'ping')
  await Promise.all(Array.from({ length: 6 }, () => cli(['verify', 'ping'], { cwd: folder })))
  expect(events(folder).filter(({ type }) => type === 'attempt')).toHaveLength(6)
})

test('a solution whose folder is gone is told apart from one that was never started', async () => {
  const folder = await tinyWorkspace()
  rmSync(join(folder, 'ping'), { recursive: true })
  expect(await cli(['verify'], { cwd: folder })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('npx learn-backend next ping'),
  })
  expect((await cli(['next'], { cwd: folder })).exitCode).toBe(0)
  expect(existsSync(join(folder, 'ping/main.ts'))).toBe(true)
})
