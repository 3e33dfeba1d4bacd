import { existsSync, readdirSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Folders that are nobody's own work: history, packages, what was compiled, what tools and editors keep. */
export const noSource: ReadonlySet<string> = new Set([
  '.git',
  '.gradle',
  '.idea',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  '.venv',
  '.vscode',
  '__pycache__',
  'node_modules',
])

/** Whether a file or folder of a solution may be the learner's own work. @param path absolute */
export function isSource(path: string): boolean {
  const name = basename(path)
  if (noSource.has(name)) return false
  // Others may be called so, too.
  if (name === 'target') return !['pom.xml', 'Cargo.toml'].some((file) => existsSync(join(dirname(path), file)))
  return !existsSync(join(path, 'pyvenv.cfg'))
}

/** The learner's own files, relative to the folder, in one order on every machine. */
export function sourceFiles(folder: string, ending = ''): string[] {
  const found: string[] = []
  const look = (below: string) => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (entry.isDirectory() ? !isSource(join(folder, path)) : noSource.has(entry.name)) continue
      if (entry.isDirectory()) look(path)
      else if (path.endsWith(ending)) found.push(path)
    }
  }
  look('')
  return found.sort()
}

/** Copies the learner's own files. @param to need not exist */
export async function copySources(folder: string, to: string): Promise<void> {
  await cp(folder, to, { recursive: true, filter: (path) => path === folder || isSource(path) })
}
