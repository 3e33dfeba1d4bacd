import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leftoversIn, settled } from '../../fixtures/leftovers.js'

/** A temporary folder of a test's own, by which everything that a run leaves behind can be recognised. */
export interface Trap extends AsyncDisposable {
  folder: string
  env: { TMPDIR: string }
  /** Files in the folder, and processes that have it in their environment. */
  leftovers(): string[]
  /** The same, once it is empty or the patience is over. @param patience milliseconds */
  settled(patience?: number): Promise<string[]>
}

export async function setTrap(): Promise<Trap> {
  const folder = await mkdtemp(join(tmpdir(), 'trap-'))
  const leftovers = () => leftoversIn(folder)
  return {
    folder,
    env: { TMPDIR: folder },
    leftovers,
    settled: (patience) => settled(leftovers, patience),
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true })
    },
  }
}
