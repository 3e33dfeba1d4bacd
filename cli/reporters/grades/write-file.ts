import { randomBytes } from 'node:crypto'
import { constants, lstatSync } from 'node:fs'
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { UserError } from '../../../grader/index.ts'

/**
 * Writes a result: all of it or nothing, and never through a link, which in a learner's checkout may lead anywhere.
 * @param file absolute, or relative to `cwd`
 */
export async function writeResult(file: string, text: string, cwd: string): Promise<void> {
  const target = resolve(cwd, file)
  refuseLinks(target, cwd)
  const temporary = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomBytes(6).toString('hex')}`)
  try {
    await mkdir(dirname(target), { recursive: true })
    try {
      await writeFile(temporary, text, { flag: 'wx' })
      await rename(temporary, target)
    } finally {
      await rm(temporary, { force: true })
    }
  } catch (error) {
    throw notWritten(target, error)
  }
}

/** Adds to a file of the platform, such as `$GITHUB_OUTPUT`. Where even its folder is not there, nothing is written. */
export async function appendResult(file: string, text: string, cwd: string): Promise<void> {
  const target = resolve(cwd, file)
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
  try {
    const handle = await open(target, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o644)
    try {
      await handle.writeFile(text)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw notWritten(target, error)
  }
}

/** The file itself, and below the current folder also the folders on the way to it. */
function refuseLinks(target: string, cwd: string): void {
  const path = relative(cwd, target)
  const names = path.startsWith('..') || isAbsolute(path) ? [] : path.split(sep)
  const folders = names.slice(0, -1).map((_, index) => join(cwd, ...names.slice(0, index + 1)))
  for (const place of [...folders, target]) {
    const found = look(place)
    if (found?.isSymbolicLink())
      throw refusal(target, `${place} is a symbolic link, and results are not written through one`)
    if (place === target && found && !found.isFile())
      throw refusal(target, found.isDirectory() ? 'it is a folder' : 'it is not a regular file')
  }
}

function look(place: string): ReturnType<typeof lstatSync> {
  try {
    return lstatSync(place, { throwIfNoEntry: false })
  } catch (error) {
    throw notWritten(place, error)
  }
}

function notWritten(target: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined) return error as Error
  const reasons: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    ENOTDIR: 'a part of its path is a file',
    EEXIST: 'a part of its path is a file',
    ELOOP: 'it is a symbolic link',
    ENAMETOOLONG: 'its name is too long',
    EISDIR: 'it is a folder',
  }
  return refusal(target, reasons[code] ?? code, error)
}

function refusal(target: string, reason: string, cause?: unknown): UserError {
  return new UserError('not_writable', `The result cannot be written to ${target}: ${reason}.`, {
    remedy: 'Name another file: --format <name>=<file>',
    ...(cause !== undefined && { cause }),
  })
}
