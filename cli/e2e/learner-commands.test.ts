import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { cli, program } from './run-cli.ts'
import { hasTerminal, onTerminal } from './run-on-terminal.ts'
import { emptyFolder, solve, tinyCourse, tinyExercise, tinyWorkspace } from './tiny-course.ts'

const read = (...path: string[]) => readFileSync(join(...path), 'utf8')
const escape = '\u001b'

test('after a failure verify ends with what to type', async () => {
  const folder = await tinyWorkspace()
  const { exitCode, stdout } = await cli(['verify'], { cwd: folder })
  expect(exitCode).toBe(1)
  expect(stdout).toMatch(/0 of 10 points.*\nNext, change your code and type: npx learn-backend verify\n$/)
})

test('after a pass verify shows the afterword and what to type', async () => {
  const folder = await tinyWorkspace()
  solve(folder, 'ping')
  const { exitCode, stdout } = await cli(['verify'], { cwd: folder })
  expect(exitCode).toBe(0)
  expect(stdout).toContain(read(tinyExercise('ping', 'afterword.md')))
  expect(stdout).toMatch(/\nNext, type: npx learn-backend next\n$/)
})

test('a step on its own does not pass the exercise', async () => {
  const folder = await tinyWorkspace()
  solve(folder, 'ping')
  const { exitCode, stdout } = await cli(['verify', '--step', 'ping'], { cwd: folder })
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/Next, all steps together: npx learn-backend verify\n$/)
  expect(JSON.parse((await cli(['status', '--json'], { cwd: folder })).stdout)).toMatchObject({
    exercises: { passed: 0, started: 1 },
  })
  expect(await cli(['verify', '--step', 'pin'], { cwd: folder })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Did you mean "ping"?'),
  })
})

test('verify --json prints the report and nothing else', async () => {
  const folder = await tinyWorkspace()
  solve(folder, 'ping')
  const { stdout, stderr } = await cli(['verify', '--json', '--seed', 'abcd'], { cwd: folder })
  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    status: 'passed',
    seed: 'abcd',
    points: { earned: 10, possible: 10 },
  })
  expect(stderr).toBe('')
})

test('verify --solution needs no workspace and remembers nothing', async () => {
  const cwd = emptyFolder()
  const solution = tinyExercise('ping', 'reference/js')
  const { exitCode, stdout } = await cli(['verify', 'ping', '--course', tinyCourse, '--solution', solution], { cwd })
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/10 of 10 points · 5 of 5 steps · [\d.]+ s\n$/)
  expect(readdirSync(cwd)).toEqual([])
  expect(await cli(['verify', '--solution', solution], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Which exercise'),
  })
})

test('without a workspace the commands say how to make one', async () => {
  const cwd = emptyFolder()
  for (const words of [
    ['verify'],
    ['verify', 'hello-http'],
    ['status'],
    ['hint'],
    ['reset'],
    ['run'],
    ['solution'],
    ['spec'],
  ]) {
    expect(await cli(words, { cwd }), words.join(' ')).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('npx learn-backend next'),
    })
  }
  expect((await cli(['list'], { cwd })).stdout).toContain('hello-http')
  expect((await cli(['spec', 'hello-http'], { cwd })).stdout).toMatch(/^# /)
})

test('list shows topics and exercises with state, points, minutes and languages', async () => {
  const folder = await tinyWorkspace()
  solve(folder, 'ping')
  await cli(['verify'], { cwd: folder })
  const { stdout } = await cli(['list'], { cwd: folder })
  expect(stdout).toMatch(/^A tiny course\n\nBasics · 01-basics\n/)
  expect(stdout).toMatch(/✔ passed +ping +10\/10 points +10 min +js ts +Ping\n/)
  expect(stdout).toMatch(/○ open +echo +0\/10 points +10 min +js ts +Echo\n/)
  const list = JSON.parse((await cli(['list', '--topic', 'tools', '--json'], { cwd: folder })).stdout)
  expect(list.topics).toMatchObject([
    { id: '02-tools', exercises: [{ id: 'echo', status: 'open', points: { earned: 0, possible: 10 }, minutes: 10 }] },
  ])
  expect(await cli(['list', '--topic', 'basic'], { cwd: folder })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Did you mean "01-basics"?'),
  })
})

test('status shows progress by topic, the current exercise and what to type', async () => {
  const folder = await tinyWorkspace()
  await cli(['verify'], { cwd: folder })
  const { stdout } = await cli(['status'], { cwd: folder })
  expect(stdout).toMatch(/Basics +0 of 1 passed, 1 started · 0 of 10 points/)
  expect(stdout).toMatch(/Current exercise: ping · 0 of 10 points · 1 attempt\nFailing step: ping/)
  expect(stdout).toMatch(/Next, type: npx learn-backend verify\n$/)
  solve(folder, 'ping')
  await cli(['verify'], { cwd: folder })
  expect(JSON.parse((await cli(['status', '--json'], { cwd: folder })).stdout)).toMatchObject({
    exercises: { passed: 1, all: 2 },
    points: { earned: 10, possible: 20 },
    current: { id: 'ping', status: 'passed' },
    next: 'npx learn-backend next',
  })
})

test('spec prints the spec as it is', async () => {
  const folder = await tinyWorkspace()
  expect((await cli(['spec'], { cwd: folder })).stdout).toBe(read(tinyExercise('ping', 'README.md')))
  expect((await cli(['spec', 'echo'], { cwd: folder })).stdout).toBe(read(tinyExercise('echo', 'README.md')))
})

test('hints come one by one, gentle first, on the first failing step', async () => {
  const folder = await tinyWorkspace()
  const hint = async (...words: string[]) =>
    JSON.parse((await cli(['hint', '--json', ...words], { cwd: folder })).stdout)
  expect(await hint()).toMatchObject({ step: { id: 'ping' }, level: 1, of: 2, repeated: false })
  expect(await hint()).toMatchObject({ level: 2, repeated: false })
  expect(await hint()).toMatchObject({ level: 2, repeated: true })
  expect((await cli(['hint'], { cwd: folder })).stdout).toMatch(/hint 2 of 2.*That was the last one, again/s)
  expect(await hint('--step', 'echo')).toMatchObject({ step: { id: 'echo' }, level: 1 })

  const patched = read(tinyExercise('ping', 'reference/ts/main.ts')).replace('let pings = 0', 'let pings = 1')
  writeFileSync(join(folder, 'ping/main.ts'), patched)
  await cli(['verify'], { cwd: folder })
  expect(await hint()).toMatchObject({ step: { id: 'count', title: 'It counts its pings' }, level: 1 })
  expect((await cli(['hint'], { cwd: folder })).stdout).toMatch(/^count · It counts its pings · hint 2 of 2\n/)

  solve(folder, 'ping')
  await cli(['verify'], { cwd: folder })
  expect(await hint()).toMatchObject({ exercise: 'ping', hint: null, next: 'npx learn-backend next' })
})

test('reset moves the work to a dated backup, also from within the folder', async () => {
  const folder = await tinyWorkspace()
  solve(folder, 'ping')
  writeFileSync(join(folder, 'ping/notes.txt'), 'mine')
  await cli(['verify'], { cwd: folder })
  const refused = await cli(['reset'], { cwd: folder })
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('npx learn-backend reset ping --yes') })
  expect(existsSync(join(folder, 'ping/notes.txt'))).toBe(true)

  const { exitCode, stdout } = await cli(['reset', '--yes'], { cwd: join(folder, 'ping') })
  expect(exitCode).toBe(0)
  const [, backup = ''] = /Your work is in (\.learn-backend\/backups\/ping-\d{8}-\d{6})\n/.exec(stdout) ?? []
  expect(readdirSync(join(folder, backup)).sort()).toEqual(['README.md', 'main.ts', 'notes.txt', 'package.json'])
  expect(readdirSync(join(folder, 'ping')).sort()).toEqual(['README.md', 'main.ts', 'package.json'])
  expect(read(folder, 'ping/main.ts')).toBe(read(tinyExercise('ping', 'starter/ts/main.ts')))
  expect(JSON.parse((await cli(['status', '--json'], { cwd: folder })).stdout)).toMatchObject({
    current: { id: 'ping', status: 'started' },
  })

  const again = JSON.parse((await cli(['reset', 'ping', '--yes', '--lang', 'js', '--json'], { cwd: folder })).stdout)
  expect(again).toMatchObject({ exercise: 'ping', lang: 'js', backup: expect.stringMatching(/ping-/) })
  expect(readdirSync(join(folder, 'ping')).sort()).toEqual(['README.md', 'main.js', 'package.json'])
  expect(readdirSync(join(folder, '.learn-backend/backups'))).toHaveLength(2)
})

test('a reset that can not make its backup moves nothing', async () => {
  const folder = await tinyWorkspace()
  writeFileSync(join(folder, '.learn-backend/backups'), 'in the way')
  expect(await cli(['reset', '--yes'], { cwd: folder })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("can't be written"),
  })
  expect(readdirSync(join(folder, 'ping')).sort()).toEqual(['README.md', 'main.ts', 'package.json'])
})

test('a reset that can not be remembered still says where the work is', async () => {
  const folder = await tinyWorkspace()
  const file = join(folder, '.learn-backend/progress/ping.jsonl')
  rmSync(file)
  mkdirSync(file)
  const { exitCode, stderr } = await cli(['reset', 'ping', '--yes'], { cwd: folder })
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/Your work is safe in .*\.learn-backend\/backups\/ping-/)
})

test('the solution is shown after passing, or with --spoil', async () => {
  const folder = await tinyWorkspace()
  const reference = read(tinyExercise('ping', 'reference/ts/main.ts'))
  const refused = await cli(['solution'], { cwd: folder })
  expect(refused).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('npx learn-backend solution ping --spoil'),
  })
  expect((await cli(['solution', '--spoil'], { cwd: folder })).stdout).toContain(reference)
  solve(folder, 'ping')
  await cli(['verify'], { cwd: folder })
  await cli(['reset', '--yes'], { cwd: folder })
  expect(JSON.parse((await cli(['solution', '--json'], { cwd: folder })).stdout)).toEqual({
    exercise: 'ping',
    lang: 'ts',
    files: [{ path: 'main.ts', text: reference }],
  })
})

test('doctor finds nothing in the way in a good workspace', async () => {
  const folder = await tinyWorkspace()
  const { exitCode, stdout } = await cli(['doctor'], { cwd: folder })
  expect(stdout).not.toContain('problem')
  expect(stdout).toMatch(/ok +Node\.js +version/)
  expect(stdout).toMatch(/ok +Course +A tiny course, 2 exercises/)
  expect(exitCode).toBe(0)
})

test('doctor names every problem with its remedy', async () => {
  const folder = await tinyWorkspace()
  writeFileSync(join(folder, '.learn-backend/progress/ping.jsonl'), 'damage\n')
  const damaged = await cli(['doctor', '--json'], { cwd: folder })
  expect(damaged.exitCode).toBe(2)
  const { checks, problems } = JSON.parse(damaged.stdout)
  expect(problems).toBe(1)
  expect(checks.find(({ id }: { id: string }) => id === 'progress')).toMatchObject({
    status: 'problem',
    remedy: expect.any(String),
  })
  expect(read(folder, '.learn-backend/progress/ping.jsonl')).toBe('damage\n')

  writeFileSync(join(folder, 'learn-backend.yaml'), 'version: 1\nlang: cobol\n')
  const { exitCode, stdout } = await cli(['doctor'], { cwd: folder, env: { TMPDIR: join(folder, 'nowhere') } })
  expect(exitCode).toBe(3)
  expect(stdout).toMatch(/problem +Temporary files/)
  expect(stdout).toMatch(/problem +Workspace .*learn-backend\.yaml:2:7/s)
})

/** Starts `run` and waits until it has said that it listens. */
async function startRun(
  cwd: string,
  ...words: string[]
): Promise<{ child: ChildProcess; said: () => string; exit: Promise<unknown[]> }> {
  const child = spawn(process.execPath, [program, 'run', ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  const exit = once(child, 'exit')
  const listens = new Promise<void>((resolve, reject) => {
    const add = (bytes: Buffer) => {
      text += bytes.toString()
      if (text.includes('listens on')) resolve()
    }
    child.stdout?.on('data', add)
    child.stderr?.on('data', add)
    void exit.then(() => reject(new Error(text)))
  })
  await listens
  return { child, said: () => text, exit }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('run starts a server until Ctrl-C, shows what it prints and leaves nothing running', async () => {
  const folder = await tinyWorkspace()
  writeFileSync(
    join(folder, 'ping/main.ts'),
    `import { createServer } from 'node:http'
     import { writeFileSync } from 'node:fs'
     writeFileSync(process.env.DATA_DIR + '/file', 'kept')
     createServer((request, response) => { console.log('got ' + request.url); response.end(String(process.pid)) })
       .listen(Number(process.env.PORT), '127.0.0.1')`,
  )
  const port = await freePort()
  const { child, said, exit } = await startRun(folder, '--port', String(port))
  const pid = Number(await (await fetch(`http://127.0.0.1:${port}/hello`)).text())
  expect(said()).toContain('got /hello')
  expect(said()).toContain(`ping listens on http://127.0.0.1:${port}`)
  expect(read(folder, '.learn-backend/data/ping/file')).toBe('kept')
  child.kill('SIGINT')
  expect(await exit).toEqual([130, null])
  expect(() => process.kill(pid, 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }))
})

test('run leaves nothing running when it is killed itself', async () => {
  const folder = await tinyWorkspace()
  solve(folder, 'ping')
  const port = await freePort()
  const { child, exit } = await startRun(folder, '--port', String(port))
  child.kill('SIGKILL')
  await exit
  await expect
    .poll(
      () =>
        fetch(`http://127.0.0.1:${port}/ping`).then(
          () => 'answers',
          () => 'gone',
        ),
      { timeout: 5000 },
    )
    .toBe('gone')
})

test('run says when the port is taken', async () => {
  const folder = await tinyWorkspace()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  expect(await cli(['run', '--port', String(port)], { cwd: folder })).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining(`Port ${port} is in use`),
  })
  expect(await cli(['run', '--port', 'http'], { cwd: folder })).toMatchObject({ exitCode: 2 })
})

test('run hands a command line program its words, its input and its exit code', async () => {
  const folder = await tinyWorkspace()
  await cli(['next', 'echo'], { cwd: folder })
  solve(folder, 'echo')
  expect(await cli(['run', '--', '--upper', 'zoë', '--help'], { cwd: folder })).toEqual({
    exitCode: 0,
    stdout: 'ZOË --HELP\n',
    stderr: '',
  })
  expect(await cli(['run', 'echo'], { cwd: folder, input: 'typed' })).toMatchObject({ exitCode: 0, stdout: 'typed' })
  expect(await cli(['run', 'echo', '--', '--nonsense'], { cwd: folder })).toMatchObject({
    exitCode: 2,
    stderr: 'Unknown option: --nonsense\n',
  })
  expect(await cli(['run', 'ping', '--', 'word'], { cwd: folder })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('is a server'),
  })
})

test('run shows where a program does not build', async () => {
  const folder = await tinyWorkspace()
  writeFileSync(join(folder, 'ping/main.ts'), 'const port: number =\n')
  expect(await cli(['run'], { cwd: folder })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/does not build:\nmain\.ts:\d+:\d+ /),
  })
})

const commands = ['next', 'verify', 'hint', 'spec', 'run', 'list', 'status', 'reset', 'solution', 'doctor']

test.each(commands)('%s has help, and suggests the right option for a wrong one', async (command) => {
  const cwd = emptyFolder()
  expect(await cli([command, '--help'], { cwd })).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`Usage: learn-backend ${command}`),
    stderr: '',
  })
  expect(await cli([command, '--curse', 'x'], { cwd })).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('--course'),
  })
})

test
  .skipIf(!hasTerminal)
  .each([['next'], ['list'], ['status'], ['spec'], ['hint'], ['doctor'], ['verify'], ['solution', '--spoil']])(
  '%s: colours on a terminal, none in a pipe nor with NO_COLOR, and lines as wide as the terminal',
  async (...words) => {
    const folder = await tinyWorkspace()
    const { shown } = await onTerminal(words, { cwd: folder, width: 50 })
    expect(shown).toContain(`${escape}[`)
    expect((await cli(words, { cwd: folder })).stdout).not.toContain(escape)
    const plain = await onTerminal([...words, '--no-color'], { cwd: folder, env: { TERM: 'dumb' } })
    expect(plain.shown).not.toContain(escape)
    expect((await onTerminal(words, { cwd: folder, env: { NO_COLOR: '1' } })).shown).not.toContain(`${escape}[1m`)
    // The spinner draws over itself, and code keeps its lines.
    if (['verify', 'doctor', 'solution'].includes(words[0])) return
    for (const line of stripVTControlCharacters(shown).split('\n'))
      expect([...line].length, line).toBeLessThanOrEqual(50)
  },
)

test.skipIf(!hasTerminal)('a question that is answered by Ctrl-C or the end of the input changes nothing', async () => {
  const folder = await tinyWorkspace()
  const answering = (typed: string) => ({ cwd: folder, answer: { to: 'Move your work on ping to a backup', typed } })
  for (const typed of ['\u0003', '\u0004', '\n', 'no\n']) {
    expect((await onTerminal(['reset'], answering(typed))).exitCode).toBe(typed === '\u0003' ? 130 : 2)
    expect(existsSync(join(folder, '.learn-backend/backups'))).toBe(false)
  }
  expect((await onTerminal(['reset'], answering('yes\n'))).exitCode).toBe(0)
  expect(existsSync(join(folder, '.learn-backend/backups'))).toBe(true)
})
