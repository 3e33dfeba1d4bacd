import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startProgram } from '../solution/program.ts'
import { openRunScope, type RunScope } from '../solution/run-scope.ts'
import { within } from '../solution/within.ts'
import { bundle } from '../toolchains/bundle.ts'
import { confinement } from './index.ts'
import type { PodSettings } from './pod-settings.ts'

// The four user ids in /proc/self/status are the same and not root's, and the last column of every set of rights is 0.
const harmlessly =
  'while read -r name a b c d; do case $name in Uid:) [ "$a$b$c$d" = "$a$a$a$a" ] && [ "$a" != 0 ] || { echo "its user is $a $b $c $d"; exit 1; } ;; CapPrm:|CapEff:|CapBnd:) [ "$a" = 0000000000000000 ] || { echo "it has rights: $name $a"; exit 1; } ;; NoNewPrivs:) [ "$a" = 1 ] || { echo "it may get rights"; exit 1; } ;; esac; done < /proc/self/status'

/** Inside a pod: whether programs can be confined in it. @returns why not */
export async function tryConfinement(pod: PodSettings): Promise<string | undefined> {
  await using scope = openRunScope({ isolation: await confinement(pod) })
  for (const role of ['solution', 'service'] as const) {
    const command = { file: '/bin/sh', args: ['-c', harmlessly], cwd: '/', env: { PATH: '/usr/bin:/bin' }, role }
    const program = await startProgram({ command, scope, outputLimit: 4096 })
    const exit = await within(program.exited, 5000)
    await program.kill()
    if (exit?.code !== 0) return program.output.lastLines(1)[0] ?? `a program could not be run as a ${role}`
  }
  return await tryToBuild(scope)
}

/** A builder that does not work here would be taken for a mistake of every solution. */
async function tryToBuild(scope: RunScope): Promise<string | undefined> {
  const folder = await scope.solutionFolder('trial')
  await writeFile(join(folder, 'main.ts'), 'const works: boolean = true')
  try {
    await bundle({ entry: join(folder, 'main.ts'), folder, outfile: join(folder, 'main.js') }, scope)
    return undefined
  } catch (error) {
    return `TypeScript can't be built: ${(error as Error).message}`
  }
}
