import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Explanation, PrepareRequest, Toolchain } from './toolchain.ts'

/** What Node says. */
export const explanations: readonly Explanation[] = [
  [
    /Cannot find package '([^']+)'/,
    ([, name]) =>
      `The package "${name}" is not installed: write it under "dependencies" in package.json, or type: npm install ${name}`,
  ],
  [
    /Cannot use import statement outside a module|Unexpected token 'export'/,
    () => 'Node takes this file for a CommonJS module: package.json needs "type": "module".',
  ],
  [
    /require is not defined in ES module scope/,
    () => 'This file is an ES module, which has import instead of require().',
  ],
]

/** JavaScript is run as it is, by the Node that runs the grader. */
export const javascript: Toolchain = {
  id: 'js',
  name: 'JavaScript',
  extensions: ['js', 'mjs', 'cjs'],
  mainFiles: ['main.js', 'main.mjs', 'main.cjs', 'index.js', 'src/main.js', 'src/index.js'],
  findMain,
  version: nodeVersion,
  prepare: installMissing,
  build: ({ folder, main }) => Promise.resolve({ file: process.execPath, args: [join(folder, main)] }),
  explanations,
}

/** What `npm start` runs, a script of Node's, or the only file that there is. */
function findMain(folder: string): string | undefined {
  const started = startedByNpm(folder)
  if (started !== undefined && existsSync(join(folder, started))) return started
  for (const above of ['', 'bin/', 'src/']) {
    if (!existsSync(join(folder, above))) continue
    const names = readdirSync(join(folder, above), { withFileTypes: true }).filter((entry) => entry.isFile())
    const files = names
      .map(({ name }) => name)
      .filter((name) => /^[^.].*\.[cm]?js$/.test(name) && !/\.(test|spec|config)\./.test(name))
    const script = names.find(
      ({ name }) => !name.includes('.') && /^#!.*\bnode\b/.test(readFileSync(join(folder, above, name), 'utf8')),
    )
    const meant = script?.name ?? (files.length === 1 ? files[0] : undefined)
    if (meant !== undefined) return `${above}${meant}`
  }
  return undefined
}

function startedByNpm(folder: string): string | undefined {
  try {
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return /^node (?:--?[\w-]+ )*([\w./-]+\.[cm]?js)$/.exec(scripts.start)?.[1]
  } catch {
    return undefined
  }
}

/** E.g. `node 20.20`. */
export function nodeVersion(): string {
  return `node ${process.versions.node.split('.').slice(0, 2).join('.')}`
}

export async function installMissing(request: PrepareRequest): Promise<void> {
  const { installPackages } = await import('./install-packages.ts')
  await installPackages(request)
}
