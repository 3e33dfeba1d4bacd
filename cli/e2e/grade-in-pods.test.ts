import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { gradesSchema } from '../../grader/report/grades.ts'
import { gradeToJson, inBubblewrap, linesOf, makeFork, pings, writeFiles } from './forks.ts'
import { setTrap, type Trap } from './leftovers.ts'
import { type PodWatch, watchPods } from './pod-leftovers.ts'
import { type CliResult, packageRoot, program } from './run-cli.ts'
import { emptyFolder, tinyCourse } from './tiny-course.ts'

/** Also where the tests run as root: what they say to others must be readable. */
async function gradeAsOrdinaryUser(home: string, words: string[]): Promise<CliResult> {
  const copy = join(home, 'package')
  const parts = [
    'dist',
    'exercises',
    'package.json',
    'fixtures/courses/tiny',
    'node_modules/esbuild',
    'node_modules/@esbuild',
  ]
  for (const part of parts) cpSync(join(packageRoot, part), join(copy, part), { recursive: true })
  mkdirSync(join(home, 'tmp'))
  const root = process.getuid?.() === 0
  const user = 1000
  if (root) for (const folder of [home, join(home, 'tmp')]) chownSync(folder, user, user)
  chmodSync(home, 0o755)
  const command = [process.execPath, join(copy, 'dist/main.js'), 'grade', ...words]
  const as = root ? ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'] : []
  const [file = '', ...args] = [...as, ...command]
  const env = { HOME: home, TMPDIR: join(home, 'tmp'), PATH: '/usr/bin:/bin' }
  const options = { cwd: home, env, extendEnv: false, reject: false, timeout: 100_000 }
  const { exitCode, stdout, stderr } = await execa(file, args, options)
  return { exitCode, stdout, stderr }
}

test('an ordinary user grades as root does', async () => {
  const home = emptyFolder()
  makeFork(join(home, 'class/ana'))
  makeFork(join(home, 'class/ben'), pings.empty)
  writeFiles(join(home, 'class/cleo'), { 'learn-backend.yaml': '', 'ping/main.ts': pings.good })
  const course = ['--course', join(home, 'package/fixtures/courses/tiny')]
  const words = [join(home, 'class'), 'ping', ...course, ...inBubblewrap, '--format', 'json=-']
  const { exitCode, stdout, stderr } = await gradeAsOrdinaryUser(home, words)
  expect(exitCode, stderr).toBe(1)
  const grades = gradesSchema.parse(JSON.parse(stdout))
  expect(linesOf(grades)).toEqual(['ana/ping 8/10', 'ben/ping 0/10', 'cleo/ping 8/10'])
  expect(grades.isolation).toMatchObject({
    id: 'bubblewrap',
    mechanism: expect.stringContaining('as an ordinary user, with a private network'),
  })
  expect(readdirSync(join(home, 'tmp'))).toEqual([])
  // What is kept for the next time is theirs.
  if (process.getuid?.() === 0) expect(statSync(join(home, '.cache/learn-backend')).uid).toBe(1000)
})

test.runIf(process.getuid?.() === 0)('root grades as a user that does not exist', async () => {
  const folder = emptyFolder()
  makeFork(folder)
  const { grades } = await gradeToJson([folder, 'ping'])
  expect(grades.isolation.mechanism).toContain('as an unused user, with a private network')
})

test('two gradings at once each have a Redis of their own', async () => {
  await using trap = await setTrap()
  const attacks = join(packageRoot, 'fixtures/attacks')
  const folder = emptyFolder()
  for (const learner of ['ana', 'ben', 'cleo'])
    cpSync(join(attacks, 'control/cached-greeter'), join(folder, learner), { recursive: true })
  const words = [folder, '--as', 'cached-greeter', '--course', join(attacks, 'course'), '--jobs', '2']
  const { exitCode, grades, stderr } = await gradeToJson(words, { env: trap.env })
  expect(exitCode, stderr + linesOf(grades).join(' ')).toBe(0)
  expect(grades.submissions).toHaveLength(3)
  for (const { report } of grades.submissions) {
    expect(report.services).toMatchObject([{ id: 'redis', driver: 'native', version: expect.stringMatching(/^\d+\./) }])
  }
  expect(await trap.settled()).toEqual([])
})

// It never answers, and starts what leaves its session and its parent.
const lingers = `import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
for (let time = 0; time < 5; time++) {
  spawn('setsid', ['sh', '-c', '(trap "" TERM INT HUP; sleep 300) & sleep 300'], { detached: true, stdio: 'ignore' }).unref()
}
process.on('SIGTERM', () => {})
createServer(() => {}).listen(Number(process.env.PORT), '127.0.0.1')
`

interface Interrupted {
  code: number | null
  signal: NodeJS.Signals | null
  stderr: string
}

interface Interruption {
  name: NodeJS.Signals
  /** Milliseconds, or when something runs that left its session and its parent. */
  after: number | 'daemons'
  trap: Trap
  watch: PodWatch
}

/** Starts a grading of many that would last, and sends a signal after a while. */
async function interrupt(words: string[], { name, after, trap, watch }: Interruption): Promise<Interrupted> {
  const child: ChildProcess = spawn(process.execPath, [program, 'grade', ...words, ...inBubblewrap, '--jobs', '2'], {
    env: { ...process.env, ...trap.env },
    stdio: ['ignore', 'ignore', 'pipe'],
    // As at a terminal: Ctrl-C reaches the whole group.
    detached: true,
  })
  let stderr = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString('utf8')
  })
  const ended = new Promise<Interrupted>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal, stderr })),
  )
  const pid = child.pid ?? 0
  const end = performance.now() + (after === 'daemons' ? 60_000 : after)
  while (performance.now() < end) {
    watch.look(pid)
    if (after === 'daemons' && (await watch.settled(0)).some((line) => line.includes('sleep 300'))) break
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  watch.look(pid)
  if (name === 'SIGKILL') child.kill(name)
  else process.kill(-pid, name)
  return ended
}

/** Interrupts gradings of sixteen at these moments. @returns by moment, what was left */
async function leftAfter(
  moments: Interruption['after'][],
  name: NodeJS.Signals,
  [exercise, course]: [string, string],
): Promise<Record<string, string[]>> {
  const left: Record<string, string[]> = {}
  const folder = emptyFolder()
  for (const learner of 'abcdefghijklmnop') writeFiles(folder, { [`${learner}/main.mjs`]: lingers })
  for (const after of moments) {
    await using trap = await setTrap()
    const watch = watchPods(trap)
    const words = [folder, '--as', exercise, '--course', course]
    const { code, signal, stderr } = await interrupt(words, { name, after, trap, watch })
    if (name === 'SIGKILL') expect(signal).toBe('SIGKILL')
    // Before our own handler is there, the system's ends the process.
    else if (signal === null) expect(code, stderr).toBe(name === 'SIGINT' ? 130 : 143)
    const found = await watch.settled()
    if (found.length > 0) left[after] = found
  }
  return left
}

// While node starts, during the trial, while pods open, while tests wait for an answer.
const moments: Interruption['after'][] = [60, 150, 250, 350, 450, 550, 650, 800, 1000, 1300, 1800, 2400, 'daemons']

for (const name of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  test(`${name} at any moment leaves no process, no file and no control group`, async () => {
    expect(await leftAfter(moments, name, ['ping', tinyCourse])).toEqual({})
  })
}

test.each(['SIGINT', 'SIGKILL'] as const)('%s leaves nothing of services in pods either', async (name) => {
  const course = join(packageRoot, 'fixtures/attacks/course')
  const moments: Interruption['after'][] = [500, 700, 900, 1200, 1600, 2200, 'daemons']
  expect(await leftAfter(moments, name, ['cached-greeter', course])).toEqual({})
})
