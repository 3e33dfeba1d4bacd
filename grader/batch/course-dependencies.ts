import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { nearest } from '../exercise/nearest.ts'
import { fillOnce } from '../toolchains/fill-once.ts'
import { npmInstall } from '../toolchains/npm-install.ts'
import { UserError } from '../user-error.ts'
import { shownName } from './shown-name.ts'

interface DependenciesRequest {
  /** The course's folder, absolute. */
  course: string
  /** This user's cache, absolute. */
  cache: string
  hostEnvironment: Record<string, string | undefined>
  signal?: AbortSignal | undefined
  onProgress?: ((text: string) => void) | undefined
}

interface Manifest {
  text: string
  lock: string
  dependencies: Record<string, string>
}

/**
 * The folder whose `node_modules` every solution of a course may import from, installed once; undefined when the course
 * has no `dependencies/package.json`, or one that asks for nothing. What it holds is the course's choice: a submission
 * has no say in it, and no package's script is run.
 * @throws UserError `invalid_course` for files that don't fit each other, `environment` when npm can't install them
 */
export async function courseDependencies(request: DependenciesRequest): Promise<string | undefined> {
  const { course, cache, hostEnvironment, signal, onProgress } = request
  const manifest = readManifest(course)
  if (!manifest) return undefined
  const names = Object.keys(manifest.dependencies)
  if (names.length === 0) return undefined
  // Packages with compiled parts differ from system to system.
  const key = createHash('sha256').update(`${process.platform}-${process.arch}\n${manifest.text}\0${manifest.lock}`)
  const folder = usable(join(cache, 'packages', key.digest('hex').slice(0, 32)))
  if (isComplete(folder)) return folder
  onProgress?.(`installing the course's packages (${names.join(', ')}; once)`)
  try {
    await fillOnce(folder, async (work) => {
      await writeFile(join(work, 'package.json'), manifest.text)
      await writeFile(join(work, 'package-lock.json'), manifest.lock)
      await npmInstall({
        folder: work,
        command: 'ci',
        words: ['--omit=dev'],
        hostEnvironment,
        timeout: 600_000,
        signal,
      })
      await makeReadable(work)
    })
  } catch (error) {
    signal?.throwIfAborted()
    const reason = (error as Error).message
    throw new UserError('environment', `The course's packages could not be installed: ${reason}`, {
      remedy: `Look at the network, then try it by hand: npm ci --ignore-scripts --prefix ${join(course, 'dependencies')}`,
      cause: error,
    })
  }
  return folder
}

/** The names of the packages that a course provides to solutions. */
export function providedPackages(course: string): string[] {
  return Object.keys(readManifest(course)?.dependencies ?? {}).sort()
}

/**
 * What to tell when a solution's `package.json` asks for packages that the course does not provide; undefined when it
 * does. They are not installed: choosing them would be choosing code that runs beside everybody's grading.
 */
export function explainMissing(names: string[], provided: string[]): string | undefined {
  const missing = names.filter((name) => !provided.includes(name)).sort()
  if (missing.length === 0) return undefined
  const shown = missing.slice(0, 10).map(describe(provided))
  if (missing.length > shown.length) shown.push(`and ${missing.length - shown.length} more`)
  const offer =
    provided.length === 0
      ? 'This course provides none: write it with what the language brings.'
      : `Those of this course: ${provided.join(', ')}.`
  return `package.json asks for ${shown.join(', ')}, which this course does not provide. A graded solution gets the course's own packages only, never its own node_modules. ${offer}`
}

function describe(provided: string[]): (name: string) => string {
  return (name) => {
    const close = nearest(name.slice(0, 100), provided)
    return shownName(name) + (close === undefined ? '' : ` (did you mean ${close}?)`)
  }
}

function readManifest(course: string): Manifest | undefined {
  const file = join(course, 'dependencies/package.json')
  const lockFile = join(course, 'dependencies/package-lock.json')
  if (!existsSync(file)) return undefined
  const refresh = `npm install --package-lock-only --ignore-scripts --prefix ${join(course, 'dependencies')}`
  const invalid = (what: string, cause?: unknown) =>
    new UserError('invalid_course', what, { remedy: `Put it right, then type: ${refresh}`, cause })
  if (!existsSync(lockFile)) throw invalid(`${lockFile} is missing: without it, each grading could get other packages.`)
  const text = readFileSync(file, 'utf8')
  const lock = readFileSync(lockFile, 'utf8')
  const dependencies = parse(file, text, invalid)['dependencies'] ?? {}
  const packages = parse(lockFile, lock, invalid)['packages'] as Record<string, { dependencies?: object }> | undefined
  if (!isDeepStrictEqual(packages?.['']?.dependencies ?? {}, dependencies)) {
    throw invalid(`${lockFile} does not belong to the package.json beside it.`)
  }
  return { text, lock, dependencies: dependencies as Record<string, string> }
}

function parse(file: string, text: string, invalid: (what: string, cause: unknown) => Error): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
    throw new Error('it is not an object')
  } catch (error) {
    throw invalid(`${file} is not valid: ${(error as Error).message}.`, error)
  }
}

/** The first name that is free or complete. What was torn is left alone: another grader may be mending the same. */
function usable(wanted: string): string {
  let folder = wanted
  for (let count = 2; existsSync(folder) && !isComplete(folder); count++) folder = `${wanted}-${count}`
  return folder
}

/** npm writes this file when all packages are in their place. */
function isComplete(folder: string): boolean {
  return existsSync(join(folder, 'node_modules/.package-lock.json'))
}

/** A confined solution is another user, whatever this one's umask is. */
async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    const { mode } = await stat(path)
    const wanted = entry.isDirectory() || (mode & 0o100) !== 0 ? 0o755 : 0o644
    if ((mode & 0o7777) !== wanted) await chmod(path, wanted)
  }
}
