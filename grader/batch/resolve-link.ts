import type { BigIntStats } from 'node:fs'
import type { OpenFolder } from './open-folder.ts'
import { decodedName, shownName } from './shown-name.ts'

/** Why a link is not followed; completes a sentence that begins with the link's path. */
export class RefusedLink extends Error {
  override name = 'RefusedLink'
}

/** What a link leads to. Disposing of it closes the folders that were opened on the way. */
export interface LinkTarget extends AsyncDisposable {
  /** The folder it leads to, or in which the file lies that it leads to. */
  folder: OpenFolder
  /** When it leads to something else than a folder. */
  file?: { name: string; entry: BigIntStats }
}

interface LinkRequest {
  /** Where the link lies. */
  folder: OpenFolder
  name: string
  /** Names that belong to no solution: nothing is reached through them either. */
  isIgnored(name: string): boolean
}

/** A link with more parts than this, those of links on its way included, is nobody's honest work. */
const maximumParts = 64

/**
 * Follows a symbolic link by hand, one name at a time, from the folder in which it lies. The kernel would follow it out
 * of the tree.
 * @throws RefusedLink when it leaves the tree, is absolute, leads nowhere or in a circle, or to what is ignored
 */
export async function resolveLink({ folder, name, isIgnored }: LinkRequest): Promise<LinkTarget> {
  const opened: OpenFolder[] = []
  const close = async () => {
    for (const each of opened.reverse()) await each[Symbol.asyncDispose]()
  }
  const first = await folder.readlink(name)
  const link = `is a symbolic link to "${shownName(first)}"`
  const refuse = (why: string) => new RefusedLink(`${link}, ${why}`)
  const parts = (target: Buffer): string[] => {
    const text = decodedName(target)
    if (text === undefined) throw refuse('which is not valid UTF-8.')
    if (text.startsWith('/') || /^[a-z]:|^\\/i.test(text)) throw refuse(`${outside} Make it a relative one, or a copy.`)
    return text.split('/').filter((part) => part !== '' && part !== '.')
  }
  try {
    const todo = parts(first)
    let at = folder
    for (let count = 0; ; count++) {
      const part = todo.shift()
      if (part === undefined) return { folder: at, [Symbol.asyncDispose]: close }
      if (count > maximumParts) throw refuse('which goes in a circle or on for too long.')
      if (part === '..') {
        if (!at.parent) throw refuse(`${outside} Put a copy of what it leads to into the solution.`)
        at = at.parent
        continue
      }
      if (isIgnored(part)) throw refuse(`but ${shownName(part)} is not part of a solution.`)
      const entry = await at.lstat(part).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? refuse('which does not exist.') : error
      })
      if (entry.isSymbolicLink()) {
        todo.unshift(...parts(await at.readlink(part)))
      } else if (entry.isDirectory()) {
        at = await at.openFolder(part, entry)
        opened.push(at)
      } else {
        if (todo.length > 0) throw refuse('which does not exist.')
        return { folder: at, file: { name: part, entry }, [Symbol.asyncDispose]: close }
      }
    }
  } catch (error) {
    await close()
    throw error
  }
}

const outside = "which is outside of the solution: only what lies in the solution's own folder is graded."
