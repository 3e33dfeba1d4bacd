import { createHash, type Hash } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { fillOnce } from './fill-once.ts'
import { sourceFiles } from './source-files.ts'

/** Builds that are kept; older ones go. */
const kept = 24

interface BuildOnce {
  /** The solution's folder, absolute. */
  folder: string
  /** This user's cache; without it, it is built into `output`. */
  cache: string | undefined
  output: string
  /** What else the build depends on: the compiler's version, its flags. */
  salt: string
  /** Fills an empty folder. */
  build: (into: string) => Promise<void>
  /** Whether what was built before can still be used; default: it can. */
  isGood?: (built: string) => boolean
}

/** Builds a solution unless the same was built before. @returns the folder with what was built */
export async function buildOnce({ folder, cache, output, salt, build, isGood }: BuildOnce): Promise<string> {
  if (cache === undefined) {
    await build(output)
    return output
  }
  const builds = join(cache, 'builds')
  const built = join(builds, fingerprint(folder, salt))
  if (existsSync(built) && isGood?.(built) === false) await rm(built, { recursive: true, force: true })
  if (!existsSync(built)) {
    await mkdir(builds, { recursive: true })
    await fillOnce(built, build)
    await removeOld(builds)
  }
  const now = new Date()
  await utimes(built, now, now).catch(() => {})
  return built
}

function fingerprint(folder: string, salt: string): string {
  const hash = createHash('sha256').update(salt)
  for (const path of sourceFiles(folder)) addFile(hash, folder, path)
  return hash.digest('hex').slice(0, 40)
}

function addFile(hash: Hash, folder: string, path: string): void {
  const file = join(folder, path)
  const { mode, size } = lstatSync(file)
  const isLink = (mode & 0o170000) === 0o120000
  hash.update(`\0${path}\0${isLink ? 'link' : mode & 0o111}\0${size}\0`)
  if (isLink) hash.update(readlinkSync(file))
  else if ((mode & 0o170000) === 0o100000) hash.update(readFileSync(file))
}

async function removeOld(builds: string): Promise<void> {
  const found = await Promise.all(
    (await readdir(builds)).map(async (name) => {
      const path = join(builds, name)
      return { path, at: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 }
    }),
  )
  const old = found.toSorted((one, other) => other.at - one.at).slice(kept)
  // Whoever has just built may still be running it.
  const running = Date.now() - 3_600_000
  await Promise.all(old.filter(({ at }) => at < running).map(({ path }) => rm(path, { recursive: true, force: true })))
}
