import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectEngine } from './docker/connect-engine.ts'
import { explainEngineError } from './docker/explain-engine-error.ts'
import { findEngine } from './docker/find-engine.ts'
import { ownerLabel, runLabel, serviceLabel } from './docker/labels.ts'
import type { ServiceSettings } from './server.ts'
import { stopWarmServices, type WarmService } from './warm/warm-services.ts'

export interface Pruned {
  /** Services that were kept up. */
  stopped: WarmService[]
  /** Containers, by service. */
  containers: { id: string; service: string }[]
  /** Folders of runs that are over. */
  folders: string[]
}

/**
 * Removes what is left of services: those that are kept up, containers whose run is over (on this machine), and folders
 * of runs that a dead machine left.
 */
export async function pruneServices(settings: ServiceSettings): Promise<Pruned> {
  return {
    stopped: await stopWarmServices(() => true),
    containers: await pruneContainers(settings),
    folders: pruneFolders(tmpdir()),
  }
}

async function pruneContainers(settings: ServiceSettings): Promise<Pruned['containers']> {
  // Without an engine there is nothing to prune in it.
  if ('reason' in (await findEngine(settings))) return []
  const { docker, address } = await connectEngine(settings)
  try {
    const found = await docker.listContainers({ all: true, filters: { label: [runLabel] } })
    const orphans = found.filter(({ Labels }) => isOver(Labels[ownerLabel] ?? ''))
    await Promise.all(
      orphans.map(({ Id }) =>
        docker
          .getContainer(Id)
          .remove({ force: true, v: true })
          .catch(() => {}),
      ),
    )
    return orphans.map(({ Id, Labels }) => ({ id: Id.slice(0, 12), service: Labels[serviceLabel] ?? 'unknown' }))
  } catch (error) {
    throw explainEngineError(error, 'list containers', address)
  }
}

/** Whether a container's owner, `<machine>/<pid>`, is a process of this machine that has ended. */
function isOver(owner: string): boolean {
  const [machine, pid] = owner.split('/')
  return machine === hostname() && !isAlive(Number(pid))
}

/** Folders of runs whose janitor is gone, so that nobody will remove them. */
function pruneFolders(tmp: string): string[] {
  const uid = process.getuid?.()
  return readdirSync(tmp)
    .filter((name) => name.startsWith('learn-backend-run-'))
    .map((name) => join(tmp, name))
    .filter((folder) => {
      try {
        if (statSync(folder).uid !== uid) return false
        const owner = Number(readFileSync(join(folder, 'owner'), 'utf8'))
        if (isAlive(owner)) return false
        rmSync(folder, { recursive: true, force: true })
        return true
      } catch {
        // of another version, or going away at this moment
        return false
      }
    })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
