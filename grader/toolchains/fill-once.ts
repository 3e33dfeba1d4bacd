import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Makes a folder that is there as a whole or not at all: it is filled under another name, and renamed. Where two do it
 * at once, the first to finish wins, and both go on with the same folder.
 * @param folder absolute; what holds it need not exist
 * @param fill gets the folder that will be renamed, empty
 */
export async function fillOnce(folder: string, fill: (work: string) => Promise<void>): Promise<void> {
  await removeAbandoned(folder)
  const work = `${folder}.${randomBytes(4).toString('hex')}`
  await mkdir(work, { recursive: true })
  try {
    await fill(work)
    await rename(work, folder).catch((error: NodeJS.ErrnoException) => {
      // Another run was faster.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** What a process that was killed left behind, and nobody can still be filling. */
async function removeAbandoned(folder: string): Promise<void> {
  const draft = /^\.[0-9a-f]{8}$/
  const parent = dirname(folder)
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(basename(folder)) || !draft.test(name.slice(basename(folder).length))) continue
    const found = await stat(join(parent, name)).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > 3_600_000) await rm(join(parent, name), { recursive: true, force: true })
  }
}
