import { dirname } from 'node:path'
import { UserError } from '../user-error.ts'

const reasons: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'a part of the path is a file, not a folder',
  EXDEV: 'it lies on another disk',
  EISDIR: 'it is a folder',
  ELOOP: 'a symbolic link leads nowhere',
  ENOENT: 'a part of the path has gone',
}

/** What the file system says when it refuses, in words; undefined when the error is not one of these. */
export function reasonOf(error: unknown): string | undefined {
  return reasons[String((error as NodeJS.ErrnoException | undefined)?.code)]
}

/** Runs something that writes at `path`. @throws UserError `not_writable` when the file system refuses */
export function writing<T>(path: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    throw new UserError('not_writable', `${path} can't be written: ${reason}.`, {
      remedy: `Look at it with: ls -la ${dirname(path)}`,
      cause: error,
    })
  }
}
