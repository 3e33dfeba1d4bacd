import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open, opendir, readlink, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_RDONLY } = constants

/** What is there now is not what was looked at a moment ago. */
export class Swapped extends Error {
  override name = 'Swapped'
  override message = 'It was changed while it was read.'
}

/**
 * An open folder whose entries are reached from its descriptor, one name at a time and never through a symbolic link:
 * whoever swaps a folder on the way for a link meanwhile gains nothing, as with openat(2).
 */
export interface OpenFolder extends AsyncDisposable {
  /** Of which file system and which inode. */
  id: string
  /** The folder through which it was reached; absent at the top. */
  parent?: OpenFolder
  /** How many folders are above, up to the top. */
  depth: number
  /** As bytes: not every name is text. */
  names(): AsyncIterable<Buffer>
  lstat(name: string): Promise<BigIntStats>
  /**
   * The target of a symbolic link.
   * @throws Swapped when it is none by now
   */
  readlink(name: string): Promise<Buffer>
  /**
   * @param expected what `lstat` said
   * @throws Swapped when it is another one by now
   */
  openFolder(name: string, expected: BigIntStats): Promise<OpenFolder>
  /**
   * A regular file's content: exactly the bytes that `lstat` announced, so its size bounds the memory.
   * @throws Swapped when it is another one by now, or changes meanwhile
   */
  readFile(name: string, expected: BigIntStats): Promise<Buffer>
}

/**
 * Opens a folder as the top of a tree. Links above it are followed, it itself must not be one.
 * @throws the system's error: ELOOP or ENOTDIR when it is not a folder
 */
export async function openTop(path: string): Promise<OpenFolder> {
  return openAt(resolve(path))
}

async function openAt(path: string, expected?: BigIntStats, parent?: OpenFolder): Promise<OpenFolder> {
  const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const own = await handle.stat({ bigint: true })
    if (expected && !isSame(own, expected)) throw new Swapped()
    return await describe(handle, own, path, parent)
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function describe(handle: FileHandle, own: BigIntStats, path: string, parent?: OpenFolder): Promise<OpenFolder> {
  const viaDescriptor = `/proc/self/fd/${handle.fd}`
  const reached = await lstat(`${viaDescriptor}/.`, { bigint: true }).catch(() => undefined)
  // Linux resolves these paths from the open folder itself, wherever it is by now.
  const anchored = reached !== undefined && isSame(reached, own)
  const base = anchored ? viaDescriptor : await realpath(path)
  /** Where descriptors have no paths, being in the same place before and after is the best evidence there is. */
  const guarded = async <T>(action: () => Promise<T>): Promise<T> => {
    if (anchored) return action()
    await assertInPlace(base, own)
    const result = await action()
    await assertInPlace(base, own)
    return result
  }
  const folder: OpenFolder = {
    id: `${own.dev}:${own.ino}`,
    ...(parent ? { parent } : {}),
    depth: parent ? parent.depth + 1 : 0,
    async *names() {
      const entries = await guarded(() => opendir(base, { encoding: 'buffer' as BufferEncoding }))
      // The declared type does not know that the encoding decides it.
      for await (const entry of entries) yield entry.name as unknown as Buffer
    },
    lstat: (name) => guarded(() => lstat(join(base, name), { bigint: true })),
    readlink: (name) => guarded(() => readLink(join(base, name))),
    openFolder: (name, expected) => guarded(() => openAt(join(base, name), expected, folder)),
    readFile: (name, expected) => guarded(() => readAt(join(base, name), expected)),
    [Symbol.asyncDispose]: () => handle.close(),
  }
  return folder
}

function readLink(path: string): Promise<Buffer> {
  return readlink(path, { encoding: 'buffer' }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EINVAL' ? new Swapped() : error
  })
}

async function readAt(path: string, expected: BigIntStats): Promise<Buffer> {
  // Without waiting: a named pipe that took the file's place would never open.
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
  try {
    if (!isUnchanged(await handle.stat({ bigint: true }), expected)) throw new Swapped()
    const size = Number(expected.size)
    // One more than announced, to see that it has grown.
    const content = Buffer.alloc(size + 1)
    let filled = 0
    while (filled < content.length) {
      const { bytesRead } = await handle.read(content, filled, content.length - filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    if (filled !== size || !isUnchanged(await handle.stat({ bigint: true }), expected)) throw new Swapped()
    return content.subarray(0, size)
  } finally {
    await handle.close()
  }
}

async function assertInPlace(path: string, own: BigIntStats): Promise<void> {
  const now = await lstat(path, { bigint: true })
  if (!isSame(now, own) || (await realpath(path)) !== path) throw new Swapped()
}

function isSame(left: BigIntStats, right: BigIntStats): boolean {
  return left.dev === right.dev && left.ino === right.ino && left.mode === right.mode
}

function isUnchanged(left: BigIntStats, right: BigIntStats): boolean {
  return isSame(left, right) && left.nlink === right.nlink && left.size === right.size && left.mtimeNs === right.mtimeNs
}
