import { lstatSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { harmless } from '../solution/output-log.ts'
import { UserError } from '../user-error.ts'
import { type GitHistory, openHistory } from './git-history.ts'
import { shownName } from './shown-name.ts'

export interface ChangesRequest {
  /** A folder in a git repository, absolute. */
  folder: string
  /** A commit as git takes it: `origin/main`, a hash, `HEAD~3`. */
  revision: string
  hostEnvironment: Record<string, string | undefined>
  signal?: AbortSignal | undefined
}

/**
 * The files below a folder that HEAD's branch changed since it left `revision`: a pull request's own changes, as
 * `git diff revision...HEAD` (three dots) tells them; what the other branch did meanwhile does not count, nor what is not
 * committed. Paths are relative to the folder, with `/`. Both names of a file that was renamed are there.
 *
 * It is as true as the repository: take one that the CI's own checkout made, not one that a learner packed.
 * @throws UserError `usage` for a revision or a repository that can't be used, `environment` without git
 */
export async function changedFolders(request: ChangesRequest): Promise<string[]> {
  const { revision, hostEnvironment, signal } = request
  const folder = await realpath(request.folder)
  if (revision === '' || revision.startsWith('-') || /[\s\0]/.test(revision)) {
    throw new UserError('usage', `"${shownName(revision)}" is not a revision.`, {
      remedy: 'Name a branch, a tag or a commit, e.g. --changed-since origin/main',
    })
  }
  const repository = repositoryOf(folder)
  await using history = await openHistory({ repository, hostEnvironment, signal })
  try {
    const head = await commit(history, 'HEAD')
    if (head === undefined) {
      throw new UserError('usage', `The git repository in ${repository} has no commit that HEAD leads to.`, {
        remedy: 'Commit something (git add . && git commit), or grade all of it: leave out --changed-since.',
      })
    }
    const since = await commit(history, revision)
    if (since === undefined) throw unknownRevision(repository, revision, history)
    const base = await output(history, ['merge-base', since, head])
    if (base === undefined) throw unrelated(repository, revision, history)
    const names = await history.git([...listNames, base, head, '--'])
    const prefix = relative(repository, folder).split(sep).join('/')
    const above = prefix === '' ? '' : `${prefix}/`
    return names
      .toString('utf8')
      .split('\0')
      .filter((name) => name !== '' && name.startsWith(above))
      .map((name) => name.slice(above.length))
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof UserError ? error : gitFailure(repository, error as GitError)
  }
}

const listNames = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--no-ext-diff', '--no-textconv']

/** Whether something in a submission's folder is among what changed; both relative to the same folder. */
export function touches(changed: string[], submissionFolder: string): boolean {
  const folder = submissionFolder.replace(/^(\.\/)+|\/+$/g, '')
  if (folder === '' || folder === '.') return changed.length > 0
  // The folder's own name: it became a link, a file or a submodule.
  return changed.some((name) => name === folder || name.startsWith(`${folder}/`))
}

function repositoryOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (lstatSync(join(at, '.git'), { throwIfNoEntry: false })) return at
    if (at !== dirname(at)) continue
    throw new UserError('usage', `${folder} is not in a git repository, so what changed in it is unknown.`, {
      remedy: 'Grade all of it: leave out --changed-since.',
    })
  }
}

/** The full hash of a commit; undefined when there is none of this name. */
async function commit(history: GitHistory, name: string): Promise<string | undefined> {
  const hash = await output(history, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])
  // With a caret before it, a commit to leave out is a valid answer too.
  return hash !== undefined && /^[0-9a-f]+$/.test(hash) ? hash : undefined
}

/** One line of output; undefined when the command says no, or names something that is not there. */
async function output(history: GitHistory, words: string[]): Promise<string | undefined> {
  try {
    return (await history.git(words)).toString('latin1').trim()
  } catch (error) {
    if ((error as GitError).code === 1 || (error as GitError).code === 128) return undefined
    throw error
  }
}

function unknownRevision(repository: string, revision: string, { shallow }: GitHistory): UserError {
  const where = shallow ? ', which is a shallow clone: it holds only the newest commits' : ''
  return new UserError('usage', `There is no commit "${shownName(revision)}" in ${repository}${where}.`, {
    remedy: shallow ? deepen : `To see the names that it knows: git -C ${repository} branch --all`,
  })
}

function unrelated(repository: string, revision: string, { shallow }: GitHistory): UserError {
  const why = shallow ? ': it is a shallow clone, which ends before they meet' : ''
  return new UserError('usage', `HEAD and ${shownName(revision)} have no common commit in ${repository}${why}.`, {
    remedy: shallow ? deepen : 'Name the branch from which this one was made, e.g. --changed-since origin/main',
  })
}

const deepen = 'Fetch the rest: git fetch --unshallow   (in GitHub Actions: actions/checkout with fetch-depth: 0)'

type GitError = Error & { code?: string | number; killed?: boolean; stderr?: Buffer }

function gitFailure(repository: string, error: GitError): Error {
  if (error.code === 'ENOENT') {
    return new UserError('environment', '--changed-since needs git, which is not installed.', {
      remedy: 'Install it (e.g. apt-get install git), or leave out --changed-since.',
      cause: error,
    })
  }
  const said = harmless(error.stderr?.toString('utf8') ?? '')
    .trim()
    .slice(0, 300)
  const why = error.killed ? 'git took too long, or had too much to say.' : `git said: ${said}`
  return new UserError('usage', `What changed in ${repository} could not be found out. ${why}`, {
    remedy: `Look at it with: git -C ${repository} fsck   - or leave out --changed-since.`,
    cause: error,
  })
}
