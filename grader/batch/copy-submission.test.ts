import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { linkSync, mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { chmod, readdir, rm, truncate } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CopyLimits, copySubmission } from './copy-submission.ts'
import { RefusedSubmission } from './refused-submission.ts'

let around: string
let from: string
let to: string
beforeEach(() => {
  around = mkdtempSync(join(tmpdir(), 'learn-backend-test-'))
  from = join(around, 'handed-in')
  to = join(around, 'copy')
  mkdirSync(from)
  write({ '../outside/secret.txt': 'SECRET' })
})
afterEach(() => rm(around, { recursive: true, force: true }))

function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(from, name)), { recursive: true })
    writeFileSync(join(from, name), content)
  }
}

const copy = (limits: Partial<CopyLimits> = {}) => copySubmission({ from, to, limits })

/** The files of the copy with their content; links would show as such. */
async function copied(): Promise<Record<string, string>> {
  const entries = await readdir(to, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(to, path), readFileSync(path, 'utf8')] as const)
      .sort(),
  )
}

async function refusal(copying: Promise<unknown> = copy()): Promise<RefusedSubmission> {
  const error = await copying.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(RefusedSubmission)
  // Whatever it is about, it can be printed, and nothing half copied is left.
  expect((error as RefusedSubmission).reason).toMatch(/^[\x20-\x7e…é]+$/)
  expect(() => statSync(to)).toThrow('ENOENT')
  return error as RefusedSubmission
}

test('files and folders are copied; history, packages and npm settings are left out and named', async () => {
  write({
    'main.js': 'main',
    'src/deep/er/é b.js': 'deep',
    '.env': 'A=1',
    '.git/config': 'x',
    '.npmrc': 'x',
    'src/node_modules/a/index.js': 'x',
    'src/.git': 'gitdir: elsewhere',
  })
  mkdirSync(join(from, 'empty'))
  expect(await copy()).toEqual({
    files: 3,
    bytes: 11,
    ignored: ['.git', '.npmrc', 'src/.git', 'src/node_modules'],
  })
  expect(await copied()).toEqual({ '.env': 'A=1', 'main.js': 'main', 'src/deep/er/é b.js': 'deep' })
  expect(statSync(join(to, 'empty')).isDirectory()).toBe(true)
})

test('modes become plain ones: no setuid, no sticky bit, readable for everybody', async () => {
  write({ 'run.sh': '#!/bin/sh', 'private.js': 'x', 'folder/a.js': 'x' })
  await chmod(join(from, 'run.sh'), 0o6711)
  await chmod(join(from, 'private.js'), 0o600)
  await chmod(join(from, 'folder'), 0o3700)
  const umask = process.umask(0o077)
  try {
    await copy()
  } finally {
    process.umask(umask)
  }
  const mode = (name: string) => (statSync(join(to, name)).mode & 0o7777).toString(8)
  expect(['run.sh', 'private.js', 'folder', 'folder/a.js', '.'].map(mode)).toEqual(['755', '644', '755', '644', '755'])
})

test('links that stay inside become copies of what they lead to', async () => {
  write({ 'lib/a.js': 'a', 'main.js': 'main' })
  mkdirSync(join(from, 'deep/er'), { recursive: true })
  symlinkSync('../../lib', join(from, 'deep/er/folder'))
  symlinkSync('folder/../../main.js', join(from, 'deep/er/through-a-link'))
  symlinkSync('er/folder/a.js', join(from, 'deep/file'))
  symlinkSync('main.js', join(from, 'one'))
  symlinkSync('./one', join(from, 'two'))
  expect(await refusal()).toMatchObject({ path: 'deep/er/through-a-link' })
  await rm(join(from, 'deep/er/through-a-link'))
  expect(await copy()).toMatchObject({ files: 6 })
  expect(await copied()).toEqual({
    'deep/er/folder/a.js': 'a',
    'deep/file': 'a',
    'lib/a.js': 'a',
    'main.js': 'main',
    one: 'main',
    two: 'main',
  })
})

test.each([
  ['../outside/secret.txt', 'outside of the solution'],
  ['../handed-in/main.js', 'outside of the solution'],
  ['/etc/passwd', 'outside of the solution'],
  ['sub/../../outside', 'outside of the solution'],
  ['hop/secret.txt', 'outside of the solution'],
  ['/proc/self/environ', 'outside of the solution'],
  ['nowhere', 'does not exist'],
  ['main.js/more', 'does not exist'],
  ['link', 'in a circle'],
  ['.', 'it never ends'],
  ['sub/..', 'it never ends'],
  ['.git/config', '.git is not part of a solution'],
  ['.GIT/config', '.GIT is not part of a solution'],
  ['sub/../node_modules/a', 'node_modules is not part of a solution'],
  [Buffer.from([0x61, 0xff]), 'not valid UTF-8'],
  ['a\n::error::b', 'a\\n::error::b'],
] as [string | Buffer, string][])('a link to %j is refused', async (target, why) => {
  write({ 'main.js': 'x', 'sub/a.js': 'x', '.git/config': 'token', 'node_modules/a/index.js': 'x' })
  if (target === 'hop/secret.txt') symlinkSync('../outside', join(from, 'hop'))
  symlinkSync(target, join(from, 'link'))
  const { reason } = await refusal()
  expect(reason).toContain(why)
  expect(reason).not.toContain('SECRET')
})

test('a link that goes on and on is refused', async () => {
  write({ 'main.js': 'x', 'sub/a.js': 'x' })
  symlinkSync(`${'sub/../'.repeat(80)}main.js`, join(from, 'link'))
  expect((await refusal()).reason).toMatch(
    /^link is a symbolic link to ".{0,200}", which goes in a circle or on for too/,
  )
})

test('folders that link to each other end', async () => {
  for (const name of ['a', 'b']) mkdirSync(join(from, name))
  symlinkSync('../b', join(from, 'a/b'))
  symlinkSync('../a', join(from, 'b/a'))
  expect((await refusal()).reason).toMatch(/^a\/b\/a is a symbolic link to a folder around it/)
})

test('links that multiply are stopped by the limits, not by the disk', async () => {
  write({ 'f0/a.txt': 'x' })
  for (let level = 1; level <= 12; level++) {
    mkdirSync(join(from, `f${level}`))
    for (let link = 0; link < 10; link++) symlinkSync(`../f${level - 1}`, join(from, `f${level}/${link}`))
  }
  expect((await refusal()).reason).toMatch(/links to folders of links|more than 5000 files/)
})

test('a hard link is refused: its other name may be a file that only the grader may read', async () => {
  linkSync(join(around, 'outside/secret.txt'), join(from, 'mine.txt'))
  expect((await refusal()).reason).toMatch(/^mine.txt is a hard link/)
})

test('a named pipe is refused, and nobody waits for it', async () => {
  execFileSync('mkfifo', [join(from, 'pipe')])
  expect((await refusal()).reason).toBe('pipe is a named pipe: a solution is made of files and folders.')
})

test('a socket is refused', async () => {
  const server = createServer().listen(join(from, 'socket'))
  await once(server, 'listening')
  expect((await refusal()).reason).toMatch(/^socket is a socket/)
  server.close()
})

test('a device is refused', async () => {
  const copying = copySubmission({ from: '/dev/pts', to })
  expect((await refusal(copying)).reason).toMatch(/is a device/)
})

test.each([
  ['a\nb', 'a\\nb', 'control characters'],
  ['\u001b[2Jx', '\\u{1b}[2Jx', 'control characters'],
  ['\u202egpj.js', '\\u{202e}gpj.js', 'control characters'],
  [Buffer.from('sub/caf\xe9.js', 'latin1'), 'sub/caf\\xe9.js', 'not valid UTF-8'],
] as [string | Buffer, string, string][])('the name %j is refused, and shown escaped', async (name, shown, why) => {
  mkdirSync(join(from, 'sub'))
  writeFileSync(Buffer.concat([Buffer.from(`${from}/`), Buffer.from(name)]), 'x')
  const { reason, path } = await refusal()
  expect(path).toBe(shown)
  expect(reason).toContain(why)
})

test('too many files are refused before they are copied', async () => {
  for (let index = 0; index < 30; index++) write({ [`${index}.js`]: '' })
  expect((await refusal(copy({ files: 29 }))).reason).toMatch(/holds more than 29 files and folders/)
  expect(await copy({ files: 30 })).toMatchObject({ files: 30 })
})

test('folders count as files do', async () => {
  for (let index = 0; index < 30; index++) mkdirSync(join(from, `d${index}`))
  expect((await refusal(copy({ files: 29 }))).reason).toMatch(/more than 29/)
})

test('a sparse giant is refused by its size, without a byte of it being read', async () => {
  write({ 'big.bin': '' })
  await truncate(join(from, 'big.bin'), 2 ** 40)
  expect((await refusal()).reason).toBe('big.bin is larger than 10 MiB.')
})

test('files are refused when they are too large together', async () => {
  write({ 'a.bin': 'x'.repeat(600), 'b.bin': 'x'.repeat(600) })
  expect((await refusal(copy({ bytes: 1199 }))).reason).toMatch(/^The solution's folder holds more than/)
  expect(await copy({ bytes: 1200 })).toMatchObject({ bytes: 1200 })
})

test('folders that lie too deep are refused, as are paths that are too long', async () => {
  mkdirSync(join(from, 'd/'.repeat(41)), { recursive: true })
  expect((await refusal()).reason).toMatch(/more than 40 folders deep/)
  await rm(join(from, 'd'), { recursive: true })
  mkdirSync(join(from, `${'n'.repeat(200)}/`.repeat(6)), { recursive: true })
  expect((await refusal()).reason).toMatch(/a path of more than 1000 bytes/)
})

test("what the grader may not read is refused, whoever the grader's user is", async () => {
  write({ 'closed/a.js': 'x' })
  await chmod(around, 0o777)
  await chmod(join(from, 'closed/a.js'), 0)
  const root = process.getuid?.() === 0
  const asNobody = async (action: () => Promise<RefusedSubmission>) => {
    if (root) process.seteuid?.(65534)
    try {
      return await action()
    } finally {
      if (root) process.seteuid?.(0)
    }
  }
  expect((await asNobody(refusal)).reason).toBe('closed/a.js may not be read by the grader.')
  await chmod(join(from, 'closed'), 0)
  expect((await asNobody(refusal)).reason).toBe('closed may not be read by the grader.')
  await chmod(join(from, 'closed'), 0o700)
})

test("the solution's folder itself must be a folder", async () => {
  symlinkSync('outside', join(around, 'linked'))
  const linked = copySubmission({ from: join(around, 'linked/'), to })
  expect((await refusal(linked)).reason).toBe("The solution's folder is a symbolic link or a file.")
  const missing = copySubmission({ from: join(around, 'missing'), to })
  expect((await refusal(missing)).reason).toBe("The solution's folder does not exist.")
})

test('an abort ends it with its reason, and nothing is left', async () => {
  write({ 'a.js': 'x' })
  const reason = new Error('enough')
  await expect(copySubmission({ from, to, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(() => statSync(to)).toThrow('ENOENT')
})

/** Runs a script that changes the submission as fast as it can until it is killed. */
async function meddle(script: string) {
  const child = spawn(process.execPath, ['-e', `const fs = require('node:fs')\n${script}`], {
    cwd: around,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return {
    [Symbol.asyncDispose]: async () => {
      expect(child.exitCode).toBeNull()
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

const races: Record<string, string> = {
  'a folder that is swapped for a link': `
    for (let round = 0; ; round++) {
      fs.renameSync('handed-in/src', 'aside')
      fs.symlinkSync('../outside', 'handed-in/src')
      fs.unlinkSync('handed-in/src')
      fs.renameSync('aside', 'handed-in/src')
      if (round === 0) process.stdout.write('.')
    }`,
  'a folder around it that is swapped': `
    fs.mkdirSync('elsewhere/src/deep', { recursive: true })
    fs.writeFileSync('elsewhere/src/deep/secret.txt', 'SECRET')
    for (let round = 0; ; round++) {
      fs.renameSync('handed-in/src', 'aside')
      fs.symlinkSync('../elsewhere/src', 'handed-in/src')
      fs.unlinkSync('handed-in/src')
      fs.renameSync('aside', 'handed-in/src')
      if (round === 0) process.stdout.write('.')
    }`,
  'a file that is swapped for a link and a hard link': `
    for (let round = 0; ; round++) {
      fs.symlinkSync('../../outside/secret.txt', 'link')
      fs.renameSync('link', 'handed-in/src/secret.txt')
      fs.linkSync('outside/secret.txt', 'hard')
      fs.renameSync('hard', 'handed-in/src/secret.txt')
      fs.writeFileSync('plain', 'mine')
      fs.renameSync('plain', 'handed-in/src/secret.txt')
      if (round === 0) process.stdout.write('.')
    }`,
  'an inner link whose way is swapped': `
    fs.symlinkSync('src/deep/secret.txt', 'handed-in/inner')
    for (let round = 0; ; round++) {
      fs.renameSync('handed-in/src/deep', 'aside')
      fs.symlinkSync('../../outside', 'handed-in/src/deep')
      fs.unlinkSync('handed-in/src/deep')
      fs.renameSync('aside', 'handed-in/src/deep')
      if (round === 0) process.stdout.write('.')
    }`,
  'a file that becomes a named pipe': `
    const { execFileSync } = require('node:child_process')
    execFileSync('mkfifo', ['pipe'])
    for (let round = 0; ; round++) {
      fs.renameSync('handed-in/src/secret.txt', 'aside')
      fs.renameSync('pipe', 'handed-in/src/secret.txt')
      fs.renameSync('handed-in/src/secret.txt', 'pipe')
      fs.renameSync('aside', 'handed-in/src/secret.txt')
      if (round === 0) process.stdout.write('.')
    }`,
}

test.each(Object.keys(races))('%s while it is copied never yields a byte from outside', async (name) => {
  write({ 'src/secret.txt': 'mine', 'src/deep/secret.txt': 'mine', 'main.js': 'mine' })
  await using _meddler = await meddle(races[name] ?? '')
  for (let round = 0; round < 200; round++) {
    try {
      await copy()
      for (const content of Object.values(await copied())) expect(content).toBe('mine')
    } catch (error) {
      expect(error).toBeInstanceOf(RefusedSubmission)
    }
    await rm(to, { recursive: true, force: true })
  }
})

test('a file that grows while it is copied is refused or whole', async () => {
  write({ 'log.txt': '' })
  await using _meddler = await meddle(`
    for (let round = 0; ; round++) {
      fs.appendFileSync('handed-in/log.txt', 'x'.repeat(4096))
      if (round === 0) process.stdout.write('.')
    }`)
  for (let round = 0; round < 50; round++) {
    const result = await copy({ fileBytes: 2 ** 20 }).catch((error: unknown) => error)
    if (result instanceof Error) expect(result).toBeInstanceOf(RefusedSubmission)
    else expect(statSync(join(to, 'log.txt')).size % 4096).toBe(0)
    await rm(to, { recursive: true, force: true })
  }
})
