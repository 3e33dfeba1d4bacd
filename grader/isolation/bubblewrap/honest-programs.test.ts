import { describe, expect, test } from 'vitest'
import { copyOfPrograms, graders, runConfined } from '../../../fixtures/isolation/run-confined.ts'
import type { Outcome, ProgramToRun } from '../../../fixtures/isolation/run-programs.ts'

const node = process.execPath
const script = (name: string, more: Partial<ProgramToRun> = {}): ProgramToRun => ({
  file: node,
  ...more,
  args: [`<solution>/${name}`, ...(more.args ?? [])],
})
const shell = (text: string, more: Partial<ProgramToRun> = {}): ProgramToRun => ({
  file: '/bin/sh',
  args: ['-c', text],
  ...more,
})

type Expectation = Partial<Record<keyof Outcome, unknown>>

/** What happens to a program, and what must be seen of it, confined or not. */
const table: Record<string, [ProgramToRun, Expectation]> = {
  'exits with 0': [shell('exit 0'), { code: 0, signal: null }],
  'exits with 3': [shell('exit 3'), { code: 3, signal: null }],
  'exits with 255': [shell('exit 255'), { code: 255, signal: null }],
  'ends itself with SIGTERM': [shell('kill -TERM $$'), { code: null, signal: 'SIGTERM' }],
  'ends itself with SIGKILL': [shell('kill -KILL $$'), { code: null, signal: 'SIGKILL' }],
  aborts: [
    { file: node, args: ['-e', 'process.abort()'] },
    { code: null, signal: 'SIGABRT' },
  ],
  'has a segmentation fault': [shell('kill -SEGV $$'), { code: null, signal: 'SIGSEGV' }],
  'gets SIGTERM and ends gracefully': [
    script('ends-gracefully.js', { whenReady: ['SIGTERM'] }),
    { code: 7, signal: null, stdout: 'ready\nclosing\n' },
  ],
  'gets SIGTERM without a handler': [script('beats.js', { whenReady: ['SIGTERM'] }), { code: null, signal: 'SIGTERM' }],
  'gets SIGUSR2, then SIGTERM': [
    script('ends-gracefully.js', { whenReady: ['SIGUSR2', 'wait', 'SIGTERM'] }),
    { code: 7, stdout: 'ready\nreloaded\nclosing\n' },
  ],
  'gets SIGINT': [script('beats.js', { whenReady: ['wait', 'SIGINT'] }), { code: 0, stdout: 'ready\nit ran\n' }],
  'is killed': [script('ends-gracefully.js', { whenReady: ['kill'] }), { code: null, signal: 'SIGKILL' }],
  'gets SIGKILL': [script('ends-gracefully.js', { whenReady: ['SIGKILL'] }), { code: null, signal: 'SIGKILL' }],
  'is stopped, goes on, and ends gracefully': [
    script('ends-gracefully.js', { whenReady: ['SIGSTOP', 'wait', 'SIGTERM', 'wait', 'SIGCONT'] }),
    { code: 7, signal: null, stdout: 'ready\nclosing\n' },
  ],
  'is killed while it is stopped': [
    script('beats.js', { whenReady: ['SIGSTOP', 'wait', 'kill'] }),
    { signal: 'SIGKILL' },
  ],
  'reads its input to the end': [
    { file: '/bin/cat', input: 'one\ntwo é\n' },
    { code: 0, stdout: 'one\ntwo é\n' },
  ],
  'has an input that has ended': [shell('cat; echo over'), { stdout: 'over\n' }],
  'writes to both outputs': [shell('echo out; echo err >&2; exit 1'), { code: 1, stdout: 'out\n', stderr: 'err\n' }],
  'does not read its input': [shell('echo done', { input: 'x'.repeat(500_000) }), { code: 0, stdout: 'done\n' }],
  'prints a lot': [
    { file: node, args: ['-e', 'console.log("x".repeat(400_000))'] },
    { code: 0, stdout: `${'x'.repeat(400_000)}\n` },
  ],
  floods: [shell('yes', { outputLimit: 65_536 }), { signal: 'SIGKILL', flooded: true }],
  'does not exist': [shell('exec /nowhere/at/all'), { code: 127 }],
  'gets arguments as they are': [
    { file: node, args: ['-p', 'process.argv.slice(1).join("|")', '--', 'a b', '$HOME', '*', "it's"] },
    { stdout: "a b|$HOME|*|it's\n" },
  ],
  'gets its environment': [shell('echo "$GREETING"', { env: { GREETING: 'a  b' } }), { stdout: 'a  b\n' }],
  'runs in its own folder': [shell('cat package.json | head -c 1; ls | grep -c beats.js'), { stdout: '{1\n' }],
  'runs in a folder that it may write': [
    shell('[ "$(pwd)" = "$DATA_DIR" ] && echo x > y && cat y', { inData: true }),
    { code: 0, stdout: 'x\n' },
  ],
  'renames from its temporary folder into its data': [script('renames.js'), { code: 0, stdout: 'whole\n' }],
  'finds its home and its temporary folder': [shell('cd "$TMPDIR" && touch a && echo ok'), { stdout: 'ok\n' }],
  'listens on another port': [
    script('listens-elsewhere.js', { whenReady: ['measure', 'kill'] }),
    { listeners: ['127.0.0.1:4123'], memory: expect.any(Number) },
  ],
  'listens in a child': [
    script('listens-in-a-child.js', { whenReady: ['measure', 'kill'] }),
    { listeners: ['127.0.0.1:4123'], memory: expect.any(Number) },
  ],
  'takes a lock': [
    script('keeps-a-lock.js', { whenReady: ['kill'] }),
    { stdout: 'before: nobody, another pid, ready\n' },
  ],
  'finds the lock of one that was killed': [
    script('keeps-a-lock.js', { whenReady: ['kill'] }),
    { stdout: 'before: ESRCH, another pid, ready\n' },
  ],
  'puts children in the background': [shell('sleep 30 & sleep 30 & echo up; exit 4'), { code: 4, stdout: 'up\n' }],
  pipes: [shell('printf "b\\na\\n" | sort | head -1'), { code: 0, stdout: 'a\n' }],
  'uses shared memory': [
    shell('echo x > "/dev/shm/isolation-$$" && rm "/dev/shm/isolation-$$" && echo ok'),
    { stdout: 'ok\n' },
  ],
  'reads random bytes': [shell('head -c 4 /dev/urandom | wc -c'), { stdout: '4\n' }],
  'knows its user': [shell('id -un > /dev/null && echo ok'), { stdout: 'ok\n' }],
  'resolves localhost': [
    { file: node, args: ['-e', "require('dns').lookup('localhost', 4, (e, a) => console.log(e?.code ?? a))"] },
    { stdout: '127.0.0.1\n' },
  ],
  'does not resolve what is not there': [
    { file: node, args: ['-e', "require('dns').lookup('nowhere.invalid', (e) => console.log(e?.code.slice(0, 3)))"] },
    { stdout: expect.stringMatching(/^(ENO|EAI)\n$/) },
  ],
}

const ways = [
  ['without isolation', 'none', graders[0] ?? 'user'],
  ...graders.map((grader) => [`in bubblewrap, graded by ${grader}`, 'bubblewrap', grader] as const),
] as const

describe.each(ways)('an honest program %s', async (_title, isolation, grader) => {
  const names = Object.keys(table)
  let result: Outcome[] | undefined
  const outcomes = async () =>
    (result ??= (
      await runConfined({
        grader,
        isolation,
        solution: copyOfPrograms(grader),
        limits: { memory_mb: 512 },
        programs: [...Object.values(table).map(([program]) => program), shell('exit 143')],
      })
    ).outcomes)

  for (const [index, name] of names.entries()) {
    test(name, async () => {
      expect((await outcomes())[index]).toMatchObject(table[name]?.[1] ?? {})
    })
  }

  // bubblewrap tells a signal as a shell does: the two can't be told apart.
  test('exits with the number of a signal', async () => {
    const last = (await outcomes()).at(-1)
    expect(last).toMatchObject(isolation === 'none' ? { code: 143 } : { code: null, signal: 'SIGTERM' })
  })

  test('has a pid that tells it apart from the one before', async () => {
    const pids = (await outcomes()).map(({ pid }) => pid)
    expect(new Set(pids).size).toBe(pids.length)
  })

  test('takes memory that is counted', async () => {
    const megabytes = ((await outcomes())[names.indexOf('listens on another port')]?.memory ?? 0) / 2 ** 20
    expect(megabytes).toBeGreaterThan(20)
    expect(megabytes).toBeLessThan(200)
  })
})
