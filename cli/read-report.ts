import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { reportSigning, UserError } from '../grader/index.ts'

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'its links go round in circles',
}

/**
 * Reads a report, which may come from anywhere: never more than a report can hold.
 * @throws {UserError} when it can't be read
 */
export async function readReport(file: string, cwd: string): Promise<string> {
  const { maxReportBytes } = await reportSigning()
  return readSmall(file, cwd, { what: 'report', most: maxReportBytes })
}

/** Reads a key in PEM form. */
export async function readKey(file: string, cwd: string): Promise<string> {
  return readSmall(file, cwd, { what: 'key', most: 64 * 1024 })
}

async function readSmall(file: string, cwd: string, { what, most }: { what: string; most: number }): Promise<string> {
  try {
    // Without waiting: to open a FIFO for reading waits for a writer.
    await using handle = await open(resolve(cwd, file), constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await handle.stat()
    if (!stats.isFile()) throw unreadable(file, what, stats.isDirectory() ? 'it is a folder' : 'it is no regular file')
    if (stats.size > most) throw unreadable(file, what, `it is larger than ${most / 1024} KiB`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile())
  } catch (error) {
    if (error instanceof UserError) throw error
    if (error instanceof TypeError) throw unreadable(file, what, 'it is not a text in UTF-8')
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? '']
    if (reason === undefined) throw error
    throw unreadable(file, what, reason, error)
  }
}

function unreadable(file: string, what: string, reason: string, cause?: unknown): UserError {
  return new UserError('usage', `The ${what} ${file} can't be read: ${reason}.`, {
    remedy: what === 'report' ? 'Give a file that "grade --format json=<file>" wrote.' : 'Give the file of the key.',
    ...(cause !== undefined && { cause }),
  })
}
