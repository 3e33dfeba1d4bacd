import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { cp, readFile, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { UserError } from '../user-error.ts'
import { changedFolders, touches } from './changed-since.ts'

let around: string
let folder: string
beforeEach(() => {
  around = mkdtempSync(join(tmpdir(), 'learn-backend-test-'))
  folder = join(around, 'fork')
})
afterEach(() => rmSync(around, { recursive: true }))

const environment = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
}
const git = (...words: string[]) => gitIn(folder, ...words)
const gitIn = (cwd: string, ...words: string[]) =>
  execFileSync('git', words, { cwd, encoding: 'utf8', env: environment, stdio: 'pipe', timeout: 20_000 }).trim()

function write(name: string, content = name): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

function commit(...names: string[]): string {
  for (const name of names) write(name, `${name} ${Math.random()}`)
  git('add', '--all', '--force', '.')
  git('commit', '--quiet', '--allow-empty', '-m', 'x')
  return git('rev-parse', 'HEAD')
}

/** A base with two exercises, and a branch of the learner's from it; the base went on. */
function makeFork(...options: string[]): void {
  mkdirSync(folder)
  git('init', '--quiet', '--initial-branch=main', ...options)
  commit('ping/main.js', 'echo/main.js', 'echo/old.js', 'README.md')
  git('checkout', '--quiet', '-b', 'mine')
}

const changed = (revision: string, at = folder) =>
  changedFolders({ folder: at, revision, hostEnvironment: environment })

async function mistake(revision: string, hostEnvironment: Record<string, string | undefined> = environment) {
  const error = await changedFolders({ folder, revision, hostEnvironment }).then(
    (files) => files,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UserError)
  const { code, message, remedy } = error as UserError
  return `${code}: ${message}\n${remedy}`
}

test('what the branch changed since it left the base; what the base did meanwhile, and what is not committed, is not', async () => {
  makeFork()
  commit('ping/main.js', 'ping/new file é.js')
  git('checkout', '--quiet', 'main')
  commit('echo/main.js')
  git('checkout', '--quiet', 'mine')
  write('echo/uncommitted.js')
  expect(await changed('main')).toEqual(['ping/main.js', 'ping/new file é.js'])
  expect(await changed(git('rev-parse', 'main'))).toEqual(['ping/main.js', 'ping/new file é.js'])
  expect(await changed('HEAD~1')).toEqual(['ping/main.js', 'ping/new file é.js'])
  expect(await changed('HEAD')).toEqual([])
})

test('a file that was renamed or removed changed both folders', async () => {
  makeFork()
  git('mv', 'echo/old.js', 'ping/old.js')
  commit()
  expect(await changed('main')).toEqual(['echo/old.js', 'ping/old.js'])
})

test('paths are relative to the folder, which need not be the top of the repository', async () => {
  makeFork()
  commit('class/zoe/ping/main.js', 'class/adam/echo/main.js', 'ping/main.js')
  expect(await changed('main', join(folder, 'class'))).toEqual(['adam/echo/main.js', 'zoe/ping/main.js'])
})

test('names with newlines and quotes are taken as they are', async () => {
  makeFork()
  commit('ping/a\nb".js')
  expect(await changed('main')).toEqual(['ping/a\nb".js'])
})

test('a folder is touched by what lies in it, and by itself becoming something else', () => {
  expect(touches(['ping/main.js'], 'ping')).toBe(true)
  expect(touches(['ping/main.js'], './ping/')).toBe(true)
  expect(touches(['ping-pong/main.js', 'a/ping/main.js'], 'ping')).toBe(false)
  expect(touches(['ping'], 'ping')).toBe(true)
  expect(touches(['a'], '.')).toBe(true)
  expect(touches([], '.')).toBe(false)
})

test('packed names, tags, a detached HEAD and remote branches are found', async () => {
  makeFork()
  git('tag', '-a', '-m', 'x', 'v1', 'main')
  commit('ping/main.js')
  git('update-ref', 'refs/remotes/origin/main', 'main')
  git('gc', '--quiet')
  git('checkout', '--quiet', '--detach')
  for (const name of ['main', 'v1', 'origin/main', 'refs/heads/main', git('rev-parse', '--short', 'main')]) {
    expect(await changed(name)).toEqual(['ping/main.js'])
  }
})

test('a repository with SHA-256 hashes, and a further working tree of one', async () => {
  makeFork('--object-format=sha256')
  commit('ping/main.js')
  expect(await changed('main')).toEqual(['ping/main.js'])
  git('worktree', 'add', '--quiet', join(around, 'tree'), '-b', 'other')
  expect(await changed('main', join(around, 'tree'))).toEqual(['ping/main.js'])
})

test('a repository of another user is read all the same', async () => {
  makeFork()
  commit('ping/main.js')
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', '12345', folder])
  expect(await changed('main')).toEqual(['ping/main.js'])
})

/** Everything in a repository that can name a program; each leaves a file behind when it runs. */
async function booby(): Promise<{ ran: () => string[] }> {
  const traces = join(around, 'ran')
  mkdirSync(traces)
  const trap = (name: string) => {
    const path = join(around, `trap-${name}`)
    writeFileSync(path, `#!/bin/sh\ntouch ${traces}/${name}\n`, { mode: 0o755 })
    return path
  }
  writeFileSync(join(around, 'included'), `[core]\nfsmonitor = ${trap('include-fsmonitor')}\n`)
  writeFileSync(
    join(folder, '.git/config'),
    `[core]
repositoryFormatVersion = 1
fsmonitor = ${trap('fsmonitor')}
hooksPath = ${join(around, 'hooks')}
sshCommand = ${trap('ssh')}
gitProxy = ${trap('proxy')}
pager = ${trap('pager')}
editor = ${trap('editor')}
askPass = ${trap('askpass')}
attributesFile = ${join(around, 'attributes')}
alternateRefsCommand = ${trap('alternate-refs')}
worktree = /
[extensions]
partialClone = evil
[remote "evil"]
url = ext::${trap('ext')} %S
promisor = true
partialCloneFilter = blob:none
uploadpack = ${trap('uploadpack')}
[remote "origin"]
url = ssh://example.invalid/x
vcs = evil
[protocol]
allow = always
[protocol "ext"]
allow = always
[diff]
external = ${trap('external-diff')}
[diff "evil"]
textconv = ${trap('textconv')}
command = ${trap('diff-command')}
[filter "evil"]
clean = ${trap('clean')}
smudge = ${trap('smudge')}
process = ${trap('process')}
required = true
[merge "evil"]
driver = ${trap('merge')}
[pager]
diff-tree = ${trap('pager-diff-tree')}
rev-parse = ${trap('pager-rev-parse')}
[alias]
diff-tree = !${trap('alias-diff-tree')}
rev-parse = !${trap('alias-rev-parse')}
merge-base = !${trap('alias-merge-base')}
[credential]
helper = !${trap('credential')}
[gpg]
program = ${trap('gpg')}
[log]
showSignature = true
[trace2]
normalTarget = ${join(traces, 'trace2')}
[include]
path = ${join(around, 'included')}
[includeIf "gitdir:/"]
path = ${join(around, 'included')}
`,
  )
  mkdirSync(join(around, 'hooks'))
  for (const hook of [
    'post-index-change',
    'reference-transaction',
    'post-checkout',
    'fsmonitor-watchman',
    'pre-auto-gc',
  ]) {
    renameSync(trap(`hook-${hook}`), join(around, 'hooks', hook))
  }
  for (const file of [
    join(folder, '.git/info/attributes'),
    join(around, 'attributes'),
    join(folder, '.gitattributes'),
  ]) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, '* diff=evil filter=evil merge=evil\n')
  }
  return { ran: () => readdirSync(traces) }
}

test("no setting of the repository runs anything, where git's own commands run several", async () => {
  makeFork()
  commit('ping/main.js')
  const { ran } = await booby()
  expect(await changed('main')).toEqual(['ping/main.js'])
  expect(ran()).toEqual([])
  // The traps are real.
  for (const words of [
    ['status'],
    ['diff', 'main', '--', 'ping'],
    ['diff-tree', '-p', '--ext-diff', 'main', 'HEAD'],
    ['cat-file', '-p', 'f'.repeat(40)],
  ]) {
    try {
      gitIn(folder, '-c', `core.worktree=${folder}`, ...words)
    } catch {
      // What it says does not matter.
    }
  }
  expect(ran()).toEqual(expect.arrayContaining(['ext', 'hook-post-index-change', 'include-fsmonitor', 'process']))
})

test('commits that are missing are not fetched, whoever promises them', async () => {
  makeFork()
  commit('ping/main.js')
  const { ran } = await booby()
  const tree = git('rev-parse', 'main^{tree}')
  rmSync(join(folder, '.git/objects', tree.slice(0, 2), tree.slice(2)))
  expect(await mistake('main')).toMatch(/^usage: What changed in .* could not be found out. git said: /)
  expect(await mistake('f'.repeat(40))).toMatch(/^usage: There is no commit "ffff/)
  expect(ran()).toEqual([])
})

test('replaced commits, grafts and planted caches do not bend the history', async () => {
  makeFork()
  const honest = commit('ping/main.js')
  const forged = commit('echo/main.js')
  git('reset', '--quiet', '--hard', honest)
  git('replace', '-f', honest, forged)
  writeFileSync(join(folder, '.git/info/grafts'), `${honest}\n`)
  writeFileSync(join(folder, '.git/objects/info/commit-graph'), 'nonsense')
  writeFileSync(join(folder, '.git/objects/pack/multi-pack-index'), 'nonsense')
  expect(await changed('main')).toEqual(['ping/main.js'])
})

test.each([
  ['HEAD', '/dev/zero'],
  ['packed-refs', '/dev/zero'],
  ['shallow', '/etc/passwd'],
  ['refs/heads/main', '/dev/zero'],
  ['refs/more', '/'],
])('.git/%s as a link to %s is a message, not a way out', async (name, target) => {
  makeFork()
  rmSync(join(folder, '.git', name), { force: true })
  symlinkSync(target, join(folder, '.git', name))
  const said = await mistake('main')
  expect(said).toMatch(/^usage: The git repository in .* can't be used to see what changed/)
  expect(said).not.toContain('root:')
})

test('a named pipe and a giant in .git are a message too', async () => {
  makeFork()
  execFileSync('mkfifo', [join(folder, '.git/packed-refs')])
  expect(await mistake('main')).toMatch(/can't be used to see what changed/)
  rmSync(join(folder, '.git/packed-refs'))
  writeFileSync(join(folder, '.git/shallow'), '')
  await truncate(join(folder, '.git/shallow'), 2 ** 40)
  expect(await mistake('main')).toMatch(/can't be used to see what changed/)
})

test.each(['-x', '--output=x', '', 'a b', 'main..mine', 'main:README.md', '^main', 'nothing', '\u001b[31m'])(
  'the revision %j is refused with a way on',
  async (revision) => {
    makeFork()
    const said = await mistake(revision)
    expect(said).toMatch(/^usage: ("|There is no commit ")[^]*(Name a branch|To see the names)/)
    expect(said).not.toContain('\u001b')
  },
)

test('a shallow clone says how to get the rest', async () => {
  makeFork()
  const base = git('rev-parse', 'main')
  commit('ping/main.js')
  commit('ping/main.js')
  const origin = folder
  folder = join(around, 'shallow')
  gitIn(around, 'clone', '--quiet', '--depth=1', '--branch=mine', `file://${origin}`, folder)
  expect(await mistake(base)).toMatch(
    /shallow clone: it holds only the newest[^]*git fetch --unshallow.*fetch-depth: 0/,
  )
  git('fetch', '--quiet', '--depth=1', 'origin', 'main')
  expect(await mistake('FETCH_HEAD')).toMatch(/shallow/)
  expect(await mistake(base)).toMatch(/no common commit in .*: it is a shallow clone[^]*fetch-depth: 0/)
})

test('histories that have nothing in common', async () => {
  makeFork()
  git('checkout', '--quiet', '--orphan', 'other')
  commit('a')
  expect(await mistake('main')).toMatch(/have no common commit/)
})

test('no repository, no commit, no git: each says what to do', async () => {
  mkdirSync(folder)
  expect(await mistake('main')).toMatch(/^usage: .* is not in a git repository/)
  git('init', '--quiet')
  expect(await mistake('main')).toMatch(/^usage: .* has no commit that HEAD leads to/)
  expect(await mistake('main', { PATH: '/nonexistent' })).toMatch(/^environment: --changed-since needs git/)
  writeFileSync(join(folder, '.git/HEAD'), 'ref: refs/heads/.invalid\n')
  expect(await mistake('main')).toMatch(/reftable/)
  rmSync(join(folder, '.git'), { recursive: true })
  write('.git', 'gitdir: /etc\n')
  expect(await mistake('main')).toMatch(/can't be used to see what changed/)
})

test('nothing is written into the repository, and nothing is left in the temporary folder', async () => {
  makeFork()
  commit('ping/main.js')
  await cp(folder, join(around, 'before'), { recursive: true, preserveTimestamps: true })
  const tmp = join(around, 'tmp')
  mkdirSync(tmp)
  vi.stubEnv('TMPDIR', tmp)
  await changed('main').finally(() => vi.unstubAllEnvs())
  expect(readdirSync(tmp)).toEqual([])
  expect(execFileSync('diff', ['-r', join(around, 'before'), folder], { encoding: 'utf8' })).toBe('')
  expect(await readFile(join(folder, '.git/HEAD'), 'utf8')).toBe('ref: refs/heads/mine\n')
})
