import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let found: { root: string; version: string } | undefined

/** The folder of the installed package, and its version; the same from the sources and from the build. */
export function ownPackage(): { root: string; version: string } {
  if (found) return found
  let root = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(root, 'package.json'))) root = dirname(root)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  found = { root, version }
  return found
}
