import type { Stats } from 'node:fs'
import { chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { App } from 'learn-backend/kit'
import { sleep, SolutionFailure } from 'learn-backend/kit'

interface SeenFile {
  path: string
  ino: number
  size: number
  mtimeMs: number
  /** What it takes of the disk: a sparse file less than its size, a small file not a whole block. */
  disk: number
  stats: Stats
}

/** All files under a folder, as they are at this moment; what vanishes meanwhile is left out. */
export function filesUnder(dir: string): SeenFile[] {
  const files: SeenFile[] = []
  const visit = (folder: string) => {
    for (const name of readdirSync(join(dir, folder))) {
      const path = join(folder, name)
      try {
        const stats = lstatSync(join(dir, path))
        if (stats.isDirectory()) visit(path)
        else {
          const { ino, size, mtimeMs } = stats
          files.push({ path, ino, size, mtimeMs, disk: Math.min(size, stats.blocks * 512), stats })
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      }
    }
  }
  visit('.')
  return files
}

export function diskUsage(dir: string): number {
  return filesUnder(dir).reduce((sum, file) => sum + file.disk, 0)
}

/** Some text that is another one as soon as any file is written, made, renamed or removed. */
export function fingerprint(dir: string): string {
  return filesUnder(dir)
    .map(({ path, ino, size, mtimeMs }) => `${path} ${ino} ${size} ${mtimeMs}`)
    .join('\n')
}

/** Waits, without a pause, until the files are no longer as they were, or until `over`. */
export async function filesChanged(app: App, since: string, over: () => boolean): Promise<void> {
  while (!over() && fingerprint(app.dataDir) === since) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until a store has done what it does on its own after the last write: nothing has changed for 60 ms. */
export async function settled(app: App): Promise<void> {
  const end = Date.now() + 3000
  let since = fingerprint(app.dataDir)
  for (let quiet = 0; quiet < 60 && Date.now() < end; quiet += 15) {
    await sleep(15)
    const now = fingerprint(app.dataDir)
    if (now !== since) quiet = -15
    since = now
  }
}

/** Sends a write and kills the store `delay` ms after the first sign of it in the files. */
export async function killDuringWrite(app: App, delay: number, write: () => Promise<void>): Promise<void> {
  const since = fingerprint(app.dataDir)
  let over = false
  const done = write()
    .catch(ignoreKill)
    .finally(() => (over = true))
  await Promise.race([filesChanged(app, since, () => over), done])
  if (delay > 0) await sleep(delay)
  await killAtOnce(app)
  await done
}

/** `app.kill()` begins with SIGSTOP, which lets a write(2) come to its end; SIGKILL breaks it off. */
export async function killAtOnce(app: App): Promise<void> {
  app.signal('SIGKILL')
  await app.kill()
}

/** For a request that the kill may interrupt. */
export function ignoreKill(error: unknown): void {
  if (!(error instanceof SolutionFailure) || error.code === 'wrong_answer') throw error
}

/** The files with their bytes; without them what is no ordinary file, or too large to be compared and copied. */
type Snapshot = Map<string, SeenFile & { bytes: Buffer | undefined }>

const TOO_LARGE = 256 << 20

export function snapshot(dir: string): Snapshot {
  const files: Snapshot = new Map()
  for (const file of filesUnder(dir)) {
    const readable = file.stats.isFile() && file.size <= TOO_LARGE
    files.set(file.path, { ...file, bytes: readable ? readFileSync(join(dir, file.path)) : undefined })
  }
  return files
}

/** What the last write added to the end of the file that was written last. */
export interface Tail {
  path: string
  from: number
  to: number
}

/** `undefined` when the last write did not append: it replaced a file, or changed its middle, or wrote another one later. */
export function appendedTail(before: Snapshot, after: Snapshot): Tail | undefined {
  if ([...after.values()].some((file) => file.bytes === undefined)) return undefined
  const changed = [...after.values()].filter((file) => {
    const old = before.get(file.path)
    return old?.ino !== file.ino || old.bytes?.equals(file.bytes ?? Buffer.alloc(0)) !== true
  })
  const newest = Math.max(...changed.map((file) => file.mtimeMs))
  const [file, ...others] = changed.filter((candidate) => candidate.mtimeMs === newest)
  const old = file && before.get(file.path)
  if (others.length > 0 || old?.bytes === undefined || old.ino !== file?.ino || old.size >= file.size) return undefined
  const kept = file.bytes?.subarray(0, old.size)
  return kept?.equals(old.bytes) ? { path: file.path, from: old.size, to: file.size } : undefined
}

/** Writes the files of a snapshot into an empty folder, owned as they were, one of them with other bytes. */
export function writeSnapshot(files: Snapshot, to: string, changed: { path: string; bytes: Buffer }): void {
  mkdirSync(to, { recursive: true })
  for (const { path, bytes, stats } of files.values()) {
    const target = join(to, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, path === changed.path ? changed.bytes : (bytes ?? ''), { mode: stats.mode })
    for (const made of [to, dirname(target), target]) giveTo(made, stats)
  }
}

/** A confined solution runs as another user than the grader. */
function giveTo(path: string, { uid, gid }: Stats): void {
  if (lstatSync(path).uid !== uid) chownSync(path, uid, gid)
}
