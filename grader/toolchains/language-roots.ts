import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findGo } from './go.ts'
import { findJava } from './java.ts'
import { findPython } from './python.ts'
import type { Machine } from './toolchain.ts'

/** How the folder of an installed language is known; everything else in whose `bin` a program lies is not shown to strangers. */
const marks = [
  {
    find: findPython,
    isRoot: (root: string) => namesIn(join(root, 'lib')).some((name) => /^python3\.\d+$/.test(name)),
  },
  { find: findGo, isRoot: (root: string) => existsSync(join(root, 'src/runtime')) },
  {
    find: (machine: Machine) => findJava(machine, 'javac'),
    isRoot: (root: string) => existsSync(join(root, 'lib/modules')),
  },
]

/**
 * The folders of languages that are installed apart from the system, e.g. by pyenv or by a CI's set-up action: a pod shows
 * those to solutions, too. Absolute; those below /usr are there anyway.
 */
export async function languageRoots(machine: Machine): Promise<string[]> {
  const roots = await Promise.all(
    marks.map(async ({ find, isRoot }) => {
      const tool = await find(machine).catch(() => undefined)
      const root = tool && dirname(dirname(realpathSync(tool.file)))
      return root !== undefined && !`${root}/`.startsWith('/usr/') && isRoot(root) ? [root] : []
    }),
  )
  return [...new Set(roots.flat())]
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
