import { builder } from '../isolation/tools.ts'
import { startProgram } from '../solution/program.ts'
import type { RunScope } from '../solution/run-scope.ts'
import { within } from '../solution/within.ts'
import type { BundleRequest } from './bundle-typescript.ts'
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
  const program = await startProgram({
    command: {
      file: process.execPath,
      args: [builder, JSON.stringify(request)],
      cwd: request.folder,
      env: { PATH: '/usr/bin:/bin' },
    },
    scope,
    outputLimit: 4 * 2 ** 20,
  })
  const exit = await within(program.exited, patience)
  await program.kill()
  if (exit?.code === 0) return
  throw new BuildFailure(exit ? problemsIn(program.output.stdout, program.output.lastLines(4)) : [tooSlow])
}

const tooSlow = { message: `The build did not end within ${patience / 1000} s.` }

/** What the builder printed; whatever else came is the solution's doing, and shown as it is. */
function problemsIn(stdout: string, lastLines: string[]): BuildFailure['problems'] {
  try {
    const problems = JSON.parse(stdout) as unknown
    if (Array.isArray(problems) && problems.length > 0) return problems.slice(0, 50).map(problemOf)
  } catch {
    // It was stopped before it could say anything.
  }
  return [{ message: `The build broke off: ${lastLines.join('\n')}` }]
}

function problemOf(found: unknown): BuildFailure['problems'][number] {
  const { message, file, line, column, source } = (found ?? {}) as Record<string, unknown>
  return {
    message: String(message),
    ...(typeof file === 'string' ? { file } : {}),
    ...(typeof line === 'number' ? { line } : {}),
    ...(typeof column === 'number' ? { column } : {}),
    ...(typeof source === 'string' ? { source } : {}),
  }
}
