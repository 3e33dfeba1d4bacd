import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { devNull } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { runMark } from '../solution/janitor.ts'
import { harmless } from '../solution/output-log.ts'
import { openRunScope } from '../solution/run-scope.ts'
import { UserError } from '../user-error.ts'
import { copySubmission } from './copy-submission.ts'
import { type OpenFolder, openTop, Swapped } from './open-folder.ts'
import { RefusedSubmission } from './refused-submission.ts'

const execute = promisify(execFile)

/** Commits and names of somebody else's repository, to be read with git. */
export interface GitHistory extends AsyncDisposable {
  /** Whether older commits were left out when it was cloned. */
  shallow: boolean
  /**
   * What a git command prints.
   * @throws the error of `execFile`; its `code` is git's exit code
   */
  git(words: string[]): Promise<Buffer>
}

interface HistoryRequest {
  /** The folder in which `.git` lies, absolute. */
  repository: string
  hostEnvironment: Record<string, string | undefined>
  signal?: AbortSignal | undefined
}

/**
 * Lets git read the commits of a repository without reading its settings: git gets a folder of ours with settings of
 * ours, copies of the names (branches, tags, HEAD), and the repository's objects. Overriding what can run a program
 * (fsmonitor, hooks, filters, textconv, external diffs, pagers, aliases, ssh commands and remote helpers for missing
 * objects, and whatever includes add) one by one would be a list that the next version of git makes incomplete.
 * @throws UserError `usage` when it is not a repository of a known shape
 */
export async function openHistory({ repository, hostEnvironment, signal }: HistoryRequest): Promise<GitHistory> {
  const scope = openRunScope()
  const dispose = () => scope[Symbol.asyncDispose]()
  try {
    const work = await scope.folder('git')
    const { own, common } = await gitFolders(repository)
    const shallow = await adopt({ own, common, work, signal })
    const environment = {
      ...(hostEnvironment['PATH'] === undefined ? {} : { PATH: hostEnvironment['PATH'] }),
      ...(hostEnvironment['SYSTEMROOT'] === undefined ? {} : { SYSTEMROOT: hostEnvironment['SYSTEMROOT'] }),
      HOME: work,
      [runMark]: scope.id,
      LC_ALL: 'C',
      GIT_DIR: work,
      GIT_OBJECT_DIRECTORY: join(common, 'objects'),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: devNull,
      GIT_ATTR_NOSYSTEM: '1',
      GIT_NO_REPLACE_OBJECTS: '1',
      GIT_NO_LAZY_FETCH: '1',
      GIT_ALLOW_PROTOCOL: '',
      GIT_TERMINAL_PROMPT: '0',
      GIT_OPTIONAL_LOCKS: '0',
      // A commit that inflates to gigabytes ends git, not the machine.
      GIT_ALLOC_LIMIT: '512m',
    }
    const git = async (words: string[]) => {
      const { stdout } = await execute('git', ['--no-pager', ...words], {
        cwd: work,
        env: environment,
        encoding: 'buffer',
        timeout: 120_000,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 2 ** 20,
        ...(signal ? { signal } : {}),
      })
      return stdout
    }
    return { shallow, git, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    signal?.throwIfAborted()
    if (error instanceof UserError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (!(error instanceof RefusedSubmission || error instanceof Swapped || code !== undefined)) throw error
    throw unusable(repository, `Something in its .git is not what git makes: ${harmless(message)}`, error)
  }
}

/** The folder of this working tree, and the one with the objects: they differ in one that `git worktree` made. */
async function gitFolders(repository: string): Promise<{ own: string; common: string }> {
  await using top = await openTop(repository)
  const entry = await top.lstat('.git')
  if (entry.isDirectory()) return { own: join(repository, '.git'), common: join(repository, '.git') }
  const pointer = /^gitdir: (.+)$/m.exec((await textIn(top, '.git')) ?? '')?.[1]
  if (pointer === undefined) throw unusable(repository, 'Its .git is neither a folder nor a file that names one.')
  const own = resolve(repository, pointer)
  await using folder = await openTop(own)
  const common = (await textIn(folder, 'commondir'))?.trim()
  return { own, common: common === undefined ? own : resolve(own, common) }
}

interface Adoption {
  own: string
  common: string
  /** An empty folder that becomes git's. */
  work: string
  signal: AbortSignal | undefined
}

/** Copies the names of commits; says whether the history is shallow. */
async function adopt({ own, common, work, signal }: Adoption): Promise<boolean> {
  await using ownFolder = await openTop(own)
  await using commonFolder = await openTop(common)
  const head = await textIn(ownFolder, 'HEAD')
  if (head === undefined || !/^(ref: refs\/[!-~]+|[0-9a-f]{40,64})\s*$/.test(head)) {
    throw unusable(common, 'It has no HEAD that could be read.')
  }
  // The newer format keeps a HEAD only to be recognised.
  if (head.includes('refs/heads/.invalid')) throw unusable(common, 'It keeps its names in the reftable format.')
  const packed = await textIn(commonFolder, 'packed-refs', 64 * 2 ** 20)
  const shallow = await textIn(commonFolder, 'shallow', 2 ** 20)
  const limits = { files: 100_000, bytes: 16 * 2 ** 20, fileBytes: 2 ** 16, depth: 40 }
  await copySubmission({ from: join(common, 'refs'), to: join(work, 'refs'), limits, signal })
  const current = /^ref: (\S+)/.exec(head)?.[1]
  const tip = current === undefined ? head : await readTip(work, current)
  const sha256 = /^[0-9a-f]{64}\s*$/.test(tip ?? '') || /^[0-9a-f]{64} /m.test(packed ?? '')
  await writeFile(join(work, 'config'), sha256 ? `${settings(1)}[extensions]\nobjectFormat = sha256\n` : settings(0))
  await writeFile(join(work, 'HEAD'), head)
  if (packed !== undefined) await writeFile(join(work, 'packed-refs'), packed)
  if (shallow !== undefined) await writeFile(join(work, 'shallow'), shallow)
  await mkdir(join(work, 'objects'))
  return shallow !== undefined
}

/** Caches that git can do without are not read: they are one more format that somebody else wrote. */
function settings(format: number): string {
  return `[core]
repositoryFormatVersion = ${format}
bare = true
commitGraph = false
multiPackIndex = false
hooksPath = ${devNull}
[protocol]
allow = never
`
}

async function readTip(work: string, name: string): Promise<string | undefined> {
  const parts = name.split('/')
  if (parts.includes('..')) return undefined
  await using folder = await openTop(join(work, ...parts.slice(0, -1))).catch(() => undefined)
  return folder && (await textIn(folder, parts.at(-1) ?? ''))
}

/** A regular file's text; undefined when there is none. */
async function textIn(folder: OpenFolder, name: string, limit = 4096): Promise<string | undefined> {
  const entry = await folder.lstat(name).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!entry) return undefined
  if (!entry.isFile() || entry.nlink > 1n || entry.size > limit) {
    throw new RefusedSubmission(name, 'is not a plain file of a plausible size.')
  }
  return (await folder.readFile(name, entry)).toString('latin1')
}

function unusable(folder: string, why: string, cause?: unknown): UserError {
  return new UserError('usage', `The git repository in ${folder} can't be used to see what changed. ${why}`, {
    remedy: 'Clone it anew (git clone <address>), or grade all of it: leave out --changed-since.',
    cause,
  })
}
