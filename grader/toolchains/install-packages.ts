import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../user-error.ts'
import { npmInstall } from './npm-install.ts'
import type { PrepareRequest } from './toolchain.ts'

/**
 * Installs what the solution's `package.json` asks for, if something of it is missing; no package's scripts are run.
 * @throws UserError `environment` with npm's reason
 */
export async function installPackages(request: PrepareRequest): Promise<void> {
  const { folder, withTests = false, hostEnvironment, signal, onProgress } = request
  const missing = declaredPackages(folder, withTests).filter((name) => !isInstalled(name, folder))
  if (missing.length === 0) return
  onProgress?.(`installing ${missing.join(', ')} (npm install)`)
  try {
    await npmInstall({ folder, hostEnvironment, timeout: 300_000, signal })
  } catch (error) {
    signal?.throwIfAborted()
    const reason = (error as Error).message
    throw new UserError('environment', `${missing.join(', ')} could not be installed in ${folder}: ${reason}`, {
      remedy: `Type: npm install --prefix ${folder}`,
      cause: error,
    })
  }
}

/** Packages that `package.json` names under "dependencies", and for its tests under "devDependencies". */
export function declaredPackages(folder: string, withTests = false): string[] {
  try {
    const declared = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
    const lists = [declared['dependencies'], ...(withTests ? [declared['devDependencies']] : [])]
    return lists.flatMap((list) => (typeof list === 'object' && list !== null ? Object.keys(list) : []))
  } catch {
    // Without one, or with a broken one, the build itself says what it misses.
    return []
  }
}

/** As Node looks for it: in the folder and in all above. */
function isInstalled(name: string, folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'node_modules', name, 'package.json'))) return true
    if (at === dirname(at)) return false
  }
}
