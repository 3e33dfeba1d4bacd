import type { Check, Finding, Surroundings } from './check.ts'
import { course, progress, workspace } from './check-content.ts'
import { services } from './check-services.ts'
import { git, languages, nodeVersion, ports, processes, temporaryFiles } from './check-machine.ts'

/** Everything that `doctor` looks at, in the order in which it tells. */
export const checks = {
  node: nodeVersion,
  languages,
  tmp: temporaryFiles,
  ports,
  processes,
  git,
  services,
  workspace,
  progress,
  course,
} satisfies Record<string, Check>

export interface Diagnosis extends Finding {
  id: string
  name: string
  about: Check['about']
}

/** Runs all checks, each on its own: one that breaks is itself a finding. */
export async function examine(surroundings: Surroundings): Promise<Diagnosis[]> {
  return Promise.all(
    Object.entries<Check>(checks).map(async ([id, { name, about, check }]) => {
      try {
        return { id, name, about, ...(await check(surroundings)) }
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        return { id, name, about, status: 'problem' as const, message: `the check itself failed: ${message}` }
      }
    }),
  )
}
