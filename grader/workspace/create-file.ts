import { linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { writing } from './not-writable.ts'

/** `same` and `different`: there was something already, and it was left alone. */
export type Created = 'created' | 'same' | 'different'

interface NewFile {
  /** Absolute. */
  path: string
  content: string | Buffer
  /** Permission bits; default: 0o666 without the umask. */
  mode?: number
}

/**
 * Creates a file, and the folders above it, whole or not at all; never touches one that exists.
 * @throws UserError `not_writable`
 */
export function createFile({ path, content, mode = 0o666 }: NewFile): Created {
  return writing(path, () => {
    if (exists(path)) return compare(path, content)
    mkdirSync(dirname(path), { recursive: true })
    const draft = join(dirname(path), `.${basename(path)}.${process.pid}-${performance.now()}.tmp`)
    try {
      writeFileSync(draft, content, { mode, flag: 'wx' })
      giveName(draft, path)
      return 'created'
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST' && exists(path)) return compare(path, content)
      throw error
    } finally {
      rmSync(draft, { force: true })
    }
  })
}

/** Unlike a rename, a link refuses when somebody else was faster; not every file system has links. */
function giveName(draft: string, path: string): void {
  try {
    linkSync(draft, path)
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].includes(String((error as NodeJS.ErrnoException).code))) throw error
    renameSync(draft, path)
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function compare(path: string, content: string | Buffer): Created {
  try {
    return readFileSync(path).equals(Buffer.from(content)) ? 'same' : 'different'
  } catch {
    // A folder, a link that leads nowhere, a file that may not be read: not ours in any case.
    return 'different'
  }
}
