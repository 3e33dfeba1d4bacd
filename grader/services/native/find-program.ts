import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/**
 * The first of some programs that is installed.
 * @param names what it may be called, the best first
 * @param places further folders; a `*` in one stands for any name, of which the highest version wins
 * @param path a PATH
 */
export function findProgram(
  names: string[],
  { places, placesFirst, path }: { places: string[]; placesFirst?: boolean | undefined; path: string | undefined },
): string | undefined {
  const onPath = (path ?? '').split(delimiter).filter(Boolean)
  const further = places.flatMap(expand)
  const folders = placesFirst ? [...further, ...onPath] : [...onPath, ...further]
  for (const name of names) {
    const folder = folders.find((candidate) => isExecutable(join(candidate, name)))
    if (folder !== undefined) return join(folder, name)
  }
  return undefined
}

/** A folder's real names for a pattern with at most one `*` in each part, highest version first. */
export function expand(pattern: string): string[] {
  const at = pattern.indexOf('*')
  if (at < 0) return [pattern]
  const end = pattern.indexOf('/', at)
  const part = end < 0 ? pattern : pattern.slice(0, end)
  const rest = end < 0 ? '' : pattern.slice(end)
  const parent = dirname(part)
  const [before = '', after = ''] = part.slice(parent.length + 1).split('*')
  let names: string[]
  try {
    names = readdirSync(parent)
  } catch {
    return []
  }
  return names
    .filter((name) => name.startsWith(before) && name.endsWith(after) && name.length >= before.length + after.length)
    .sort((left, right) => right.localeCompare(left, 'en', { numeric: true }))
    .flatMap((name) => expand(join(parent, name) + rest))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
