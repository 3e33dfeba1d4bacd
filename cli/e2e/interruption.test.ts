import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { setTrap, type Trap } from './leftovers.ts'
import { packageRoot, program } from './run-cli.ts'

const checkWords = [program, 'author', 'check', 'ping', '--course', join(packageRoot, 'fixtures/courses/tiny')]
const words = (name: string) => [
  program,
  'verify',
  'ten',
  '--course',
  join(packageRoot, 'fixtures/bench/course'),
  '--solution',
  join(packageRoot, 'fixtures/solutions', name),
]

interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  stderr: string
}

/** Starts a grading that would last, and sends a signal after a while. */
async function interrupt(
  name: string,
  signal: NodeJS.Signals,
  { after, trap }: { after: number | 'grading'; trap: Trap },
): Promise<Ending> {
  const child: ChildProcess = spawn(process.execPath, name === 'author check' ? checkWords : words(name), {
    env: { ...process.env, ...trap.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString('utf8')
  })
  const ended = new Promise<Ending>((resolve) =>
    child.once('close', (code, by) => resolve({ code, signal: by, stderr })),
  )
  if (after === 'grading') await gradingBegins(trap)
  else await new Promise((resolve) => setTimeout(resolve, after))
  child.kill(signal)
  return ended
}

/** A run's folder is there: whoever made it hears signals. */
async function gradingBegins(trap: Trap): Promise<void> {
  const end = performance.now() + 30_000
  while (!trap.leftovers().some((name) => name.startsWith('learn-backend-run-')) && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 10))
}

// While node starts, while modules load, while the solution starts, while tests wait for it.
const moments = [20, 60, 100, 140, 180, 220, 260, 320, 400, 600, 900]

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} at any moment ends the grading and leaves nothing`, async () => {
    for (const after of moments) {
      await using trap = await setTrap()
      const { code, signal: by } = await interrupt('hangs', signal, { after, trap })
      // Before our own handler is there, the system's ends the process.
      if (by === null) expect(code).toBe(signal === 'SIGINT' ? 130 : 143)
      expect(await trap.settled(), `after ${after} ms`).toEqual([])
    }
  })
}

test('kill -9 at any moment leaves nothing: the janitor cleans up', async () => {
  for (const after of moments) {
    await using trap = await setTrap()
    await interrupt(after % 40 === 0 ? 'forks' : 'ignores-sigterm', 'SIGKILL', { after, trap })
    expect(await trap.settled(), `after ${after} ms`).toEqual([])
  }
})

test('an interrupted grading says so', async () => {
  await using trap = await setTrap()
  const { code, stderr } = await interrupt('hangs', 'SIGINT', { after: 'grading', trap })
  expect(code).toBe(130)
  expect(stderr).toContain('everything that was started is stopped')
})

test('an interrupted author check leaves nothing', async () => {
  for (const after of [300, 1200, 2500]) {
    await using trap = await setTrap()
    const { code, signal: by } = await interrupt('author check', 'SIGINT', { after, trap })
    if (by === null) expect(code).toBe(130)
    expect(await trap.settled(), `after ${after} ms`).toEqual([])
  }
})
