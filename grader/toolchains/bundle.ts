import { builder } from '../isolation/tools.ts'
import type { RunScope } from '../solution/run-scope.ts'
import type { BundleRequest } from './bundle-typescript.ts'
import { readProblems } from './read-problems.ts'
import { brokenOff, runTool } from './run-tool.ts'
import { BuildFailure } from './toolchain.ts'

/** Milliseconds for a build in a sandbox. */
const patience = 60_000

/**
 * Bundles a solution's own files into one ES module; see `bundle-typescript.ts`. Where solutions are confined the build
 * is, too: an `import` may name any file that whoever bundles can read.
 * @throws BuildFailure
 */
export async function bundle(request: BundleRequest, scope: RunScope): Promise<void> {
  if (!scope.isolation.inPod) {
    const { bundleTypescript } = await import('./bundle-typescript.ts')
    return bundleTypescript(request)
  }
  const command = {
    file: process.execPath,
    args: [builder, JSON.stringify(request)],
    cwd: request.folder,
    env: { PATH: '/usr/bin:/bin' },
  }
  const run = await runTool(command, scope, patience)
  if (run.code === 0) return
  const problems = readProblems(run.stdout)
  throw problems.length > 0 ? new BuildFailure(problems) : brokenOff(run)
}
