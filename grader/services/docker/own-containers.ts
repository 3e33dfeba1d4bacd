import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Container } from 'dockerode'
import { ownPackage } from '../../package-root.ts'
import type { RunScope } from '../../solution/run-scope.ts'
import type { Engine } from './connect-engine.ts'
import { ownerLabel, runLabel } from './labels.ts'

/** Tells the janitor how to remove the run's containers if we can't. Before the first is made. */
export async function announce(engine: Engine, scope: RunScope): Promise<void> {
  await writeFile(join(scope.scratch, 'engine.json'), JSON.stringify(engine.address), { mode: 0o600 })
  scope.reapWith(join(ownPackage().root, 'dist/reaper.js'))
}

/** What every container of a run carries. */
export function ownLabels({ id }: RunScope): Record<string, string> {
  return { [runLabel]: id, [ownerLabel]: `${hostname()}/${process.pid}` }
}

/** With its anonymous volumes. One that is gone already, or an engine that is, is no error: there is nothing to do. */
export async function remove(container: Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch(() => {})
}
