import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
  const mark = `TMPDIR=${folder}`
  const leftovers = () => [
    ...readdirSync(folder),
    ...readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      // Some servers (Redis) write their title over their environment: those are known by where they run.
      .filter(
        (pid) =>
          textOf(`/proc/${pid}/environ`).split('\0').includes(mark) || linkOf(`/proc/${pid}/cwd`).startsWith(folder),
      )
      .filter((pid) => !/^State:\s+Z/m.test(textOf(`/proc/${pid}/status`)))
      .map((pid) => `process ${pid}: ${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`),
  ]
  return {
    folder,
    env: { TMPDIR: folder },
    leftovers,
    async settled(patience = 2000) {
      const end = performance.now() + patience
      while (leftovers().length > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
      return leftovers()
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
