import { existsSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from './free-port.ts'
import { listenersOf, markedWith, residentBytes } from './processes.ts'
import { type Program, startProgram } from './program.ts'
import { openRunScope, type RunScope } from './run-scope.ts'
import { waitUntilListening } from './wait-until-listening.ts'

let scope: RunScope

beforeEach(() => {
  scope = openRunScope()
})
afterEach(() => scope[Symbol.asyncDispose]())

function start(script: string, { outputLimit = 1024 * 1024, env = {} } = {}): Promise<Program> {
  const command = {
    file: process.execPath,
    args: ['-e', script],
    cwd: scope.scratch,
    env: { PATH: '/usr/bin:/bin', ...env },
  }
  return startProgram({ command, scope, outputLimit, input: true })
}

test('output, input and exit code are seen', async () => {
  const program = await start(
    `process.stdin.on('data', (d) => { console.log('got ' + d); console.error('oops'); process.exit(3) })`,
  )
  program.write('hello')
  expect(await program.exited).toMatchObject({ code: 3, signal: null })
  expect(program.output.stdout).toBe('got hello\n')
  expect(program.output.stderr).toBe('oops\n')
})

test('a program that can not be started rejects with the code of the system', async () => {
  const command = { file: '/nowhere/to/be/found', args: [], cwd: scope.scratch, env: {} }
  await expect(startProgram({ command, scope, outputLimit: 1024 })).rejects.toMatchObject({
    code: 'ENOENT',
  })
})

test('a descendant that keeps the output open does not delay the exit', async () => {
  const program = await start(
    `require('node:child_process').spawn('sleep', ['30'], { stdio: ['ignore', 'inherit', 'inherit'] }); setTimeout(() => process.exit(0), 50)`,
  )
  const { ms } = await program.exited
  expect(ms).toBeLessThan(5000)
})

test('kill ends the whole family, also what left the process group', async () => {
  const program = await start(
    `require('node:child_process').spawn('sleep', ['30'], { detached: true, stdio: 'ignore' }).unref(); console.log('up'); setInterval(() => {}, 1000)`,
  )
  await expect.poll(() => program.output.text).toContain('up')
  expect(markedWith(scope.id).length).toBeGreaterThanOrEqual(2)
  await program.kill()
  expect(markedWith(scope.id)).toEqual([])
})

test('a flood is drained, cut and ends the program', async () => {
  const program = await start(`const more = () => process.stdout.write('x'.repeat(65536), more); more()`, {
    outputLimit: 256 * 1024,
  })
  expect(await program.exited).toMatchObject({ signal: 'SIGKILL' })
  expect(program.flooded).toBe(true)
  expect(program.output.text.length).toBeLessThan(1024 * 1024)
})

test('a listening program is found, with its port and memory', async () => {
  const port = await freePort()
  const program = await start(`require('node:net').createServer().listen(${port}, '127.0.0.1')`)
  expect(await waitUntilListening(program, port, 10_000)).toBe('listening')
  expect(listenersOf(program.pid)).toEqual([{ address: '127.0.0.1', port }])
  expect(residentBytes(program.pid)).toBeGreaterThan(10 * 1024 * 1024)
})

test('waiting ends with the program, and with the deadline', async () => {
  const port = await freePort()
  expect(await waitUntilListening(await start('process.exit(1)'), port, 10_000)).toBe('exited')
  expect(await waitUntilListening(await start('setInterval(() => {}, 1000)'), port, 100)).toBe('timeout')
})

test('a scope that ended leaves nothing and starts nothing', async () => {
  await start('setInterval(() => {}, 1000)')
  const folder = await scope.folder('data')
  await scope[Symbol.asyncDispose]()
  expect(markedWith(scope.id)).toEqual([])
  expect(existsSync(folder)).toBe(false)
  await expect(start('0')).rejects.toThrow('the run has ended')
  scope = openRunScope()
})

test('the environment is what was given, and the mark of the run', async () => {
  const program = await start('console.log(JSON.stringify(process.env))', { env: { PORT: '1' } })
  await program.exited
  expect(JSON.parse(program.output.stdout)).toEqual({ PATH: '/usr/bin:/bin', PORT: '1', LEARN_BACKEND_RUN: scope.id })
})
