import type { BigIntStats } from 'node:fs'
import { noSource } from '../toolchains/source-files.ts'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type OpenFolder, openTop, Swapped } from './open-folder.ts'
import { RefusedSubmission } from './refused-submission.ts'
import { type LinkTarget, RefusedLink, resolveLink } from './resolve-link.ts'
import { decodedName, isPlainName, shownName } from './shown-name.ts'

export interface CopyLimits {
  /** Files and folders together. */
  files: number
  /** Of all files together. */
  bytes: number
  /** Of one file. */
  fileBytes: number
  /** Folders in folders. */
  depth: number
}

const defaultCopyLimits: CopyLimits = { files: 5000, bytes: 50 * 2 ** 20, fileBytes: 10 * 2 ** 20, depth: 40 }

interface CopyRequest {
  /** The solution's folder, absolute. Links above it are followed, so the caller answers for them. */
  from: string
  /** Where the copy shall be, absolute: must not exist, the folder above it must. */
  to: string
  limits?: Partial<CopyLimits>
  signal?: AbortSignal | undefined
}

export interface Copied {
  files: number
  bytes: number
  /** What was left out, relative to `from`, escaped for showing. */
  ignored: string[]
}

/** Never part of a solution: its history, packages (those come from the course), what tools keep, settings for npm that nothing reads. */
const ignoredNames = new Set([...noSource, '.npmrc'])
// On some file systems `.GIT` is the same folder.
const isIgnored = (name: string) => ignoredNames.has(name.toLowerCase())

/** A path's bytes: 4,096 is what Linux takes, and the copy lies in other folders later. */
const maximumPath = 1000

/** Left out and named; more of them would only fill a report. */
const maximumNotes = 100

/** Folders reached through a link in a folder reached through a link ...: each level holds descriptors open. */
const maximumNestedLinks = 4

/**
 * Copies a folder that may have been made to do harm, while its owner may go on changing it. Links that stay inside
 * become copies of what they lead to; modes become 0644, 0755 for what can be executed and for folders. After a refusal
 * or an abort nothing is left at `to`.
 * @throws RefusedSubmission with everything else that a folder can hold
 */
export async function copySubmission({ from, to, limits, signal }: CopyRequest): Promise<Copied> {
  const copy: Copy = {
    limits: { ...defaultCopyLimits, ...limits },
    signal,
    result: { files: 0, bytes: 0, ignored: [] },
    entries: 0,
    active: [],
    nestedLinks: 0,
  }
  await using top = await reading('', () => openTop(from))
  await mkdir(to)
  try {
    await copyFolder(copy, { source: top, target: to, path: '' })
  } catch (error) {
    await rm(to, { recursive: true, force: true })
    throw error
  }
  copy.result.ignored.sort()
  return copy.result
}

interface Copy {
  limits: CopyLimits
  signal: AbortSignal | undefined
  result: Copied
  /** Files and folders met so far. */
  entries: number
  /** Ids of the folders that are being copied, from the top down. */
  active: string[]
  nestedLinks: number
}

interface Place {
  source: OpenFolder
  /** Absolute. */
  target: string
  /** Relative to the top, as in the copy; empty at the top. */
  path: string
}

async function copyFolder(copy: Copy, { source, target, path }: Place): Promise<void> {
  const { depth } = copy.limits
  if (Math.max(source.depth, copy.active.length) > depth) {
    throw refused(path, `lies more than ${depth} folders deep.`)
  }
  if (copy.active.includes(source.id)) throw refused(path, 'is a symbolic link to a folder around it: it never ends.')
  copy.active.push(source.id)
  for (const name of await listNames(copy, source, path)) {
    copy.signal?.throwIfAborted()
    await copyEntry(copy, { source, name, target: join(target, name), path: path === '' ? name : `${path}/${name}` })
  }
  copy.active.pop()
  // Last and by itself: mkdir's mode is cut by the umask.
  await chmod(target, 0o755)
}

/** Stops as soon as there are too many: a folder can hold millions. */
async function listNames(copy: Copy, source: OpenFolder, path: string): Promise<string[]> {
  return reading(path, async () => {
    const names: string[] = []
    for await (const bytes of source.names()) {
      const name = decodedName(bytes)
      const shown = (path === '' ? '' : `${shownName(path)}/`) + shownName(bytes)
      if (name === undefined) throw new RefusedSubmission(shown, 'has a name that is not valid UTF-8.')
      // A file system of the owner's own making may answer anything.
      if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
        throw new RefusedSubmission(shown, 'has a name that no file can have.')
      }
      if (!isPlainName(name)) throw new RefusedSubmission(shown, 'has control characters in its name.')
      if (isIgnored(name)) {
        if (copy.result.ignored.length < maximumNotes) copy.result.ignored.push(shown)
        continue
      }
      if (++copy.entries > copy.limits.files) {
        throw refused('', `holds more than ${copy.limits.files} files and folders.`)
      }
      names.push(name)
    }
    return names.sort()
  })
}

interface EntryPlace extends Place {
  /** In the source folder. */
  name: string
}

async function copyEntry(copy: Copy, place: EntryPlace): Promise<void> {
  const { source, name, path, target } = place
  if (Buffer.byteLength(path) > maximumPath) throw refused(path, `has a path of more than ${maximumPath} bytes.`)
  const entry = await reading(path, () => source.lstat(name))
  if (entry.isSymbolicLink()) return copyLinked(copy, place)
  if (!entry.isDirectory()) return copyFile(copy, place, entry)
  await using folder = await reading(path, () => source.openFolder(name, entry))
  await creating(path, () => mkdir(target))
  await copyFolder(copy, { source: folder, target, path })
}

async function copyLinked(copy: Copy, { source, name, path, target }: EntryPlace): Promise<void> {
  await using found: LinkTarget = await reading(path, () => resolveLink({ folder: source, name, isIgnored }))
  if (found.file) {
    // Awaited here: leaving closes the descriptors, and what is opened next gets their numbers.
    await copyFile(copy, { source: found.folder, name: found.file.name, path, target }, found.file.entry)
    return
  }
  if (copy.nestedLinks === maximumNestedLinks)
    throw refused(path, 'is a link to a folder of links to folders of links.')
  copy.nestedLinks++
  await creating(path, () => mkdir(target))
  await copyFolder(copy, { source: found.folder, target, path })
  copy.nestedLinks--
}

async function copyFile(copy: Copy, { source, name, path, target }: EntryPlace, entry: BigIntStats): Promise<void> {
  const { limits, result } = copy
  if (!entry.isFile()) throw refused(path, `is ${kindOf(entry)}: a solution is made of files and folders.`)
  // The other name may be a file of somebody else's, which only the grader can read.
  if (entry.nlink > 1n) throw refused(path, 'is a hard link: the same file has another name somewhere. Make it a copy.')
  if (entry.size > limits.fileBytes) throw refused(path, `is larger than ${inMebibytes(limits.fileBytes)}.`)
  if (result.bytes + Number(entry.size) > limits.bytes) {
    throw refused('', `holds more than ${inMebibytes(limits.bytes)} in all.`)
  }
  const content = await reading(path, () => source.readFile(name, entry))
  result.files++
  result.bytes += content.length
  await creating(path, () => writeFile(target, content, { flag: 'wx' }))
  await chmod(target, (entry.mode & 0o111n) === 0n ? 0o644 : 0o755)
}

/** Turns what can go wrong with somebody else's files into a refusal. */
async function reading<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof RefusedLink) throw refused(path, error.message)
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM') throw refused(path, 'may not be read by the grader.')
    if (path === '' && (code === 'ELOOP' || code === 'ENOTDIR')) throw refused(path, 'is a symbolic link or a file.')
    if (path === '' && code === 'ENOENT') throw refused(path, 'does not exist.')
    if (error instanceof Swapped || ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(code ?? '')) {
      throw refused(path, 'was changed while it was copied.')
    }
    throw error
  }
}

/** The copy may lie on a file system that takes two of the names for one. */
async function creating(path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw refused(path, 'has the same name as another file but for upper and lower case.')
  }
}

function refused(path: string, problem: string): RefusedSubmission {
  return new RefusedSubmission(path === '' ? '.' : shownName(path), problem)
}

function kindOf(entry: BigIntStats): string {
  if (entry.isFIFO()) return 'a named pipe'
  if (entry.isSocket()) return 'a socket'
  return 'a device'
}

function inMebibytes(bytes: number): string {
  return `${Math.round((bytes / 2 ** 20) * 10) / 10} MiB`
}
