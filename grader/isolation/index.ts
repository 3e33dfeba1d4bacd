import type { Isolation } from './isolation.ts'
import { none } from './none.ts'
import type { PodSettings } from './pod-settings.ts'

/** How the solution is confined by this process; loaded when it is needed. @param pod the pod in which it is, if any */
export async function confinement(pod: PodSettings | undefined): Promise<Isolation> {
  if (!pod) return none
  if (pod.id === 'docker') return (await import('./docker/unused-user.ts')).unusedUser(pod)
  return (await import('./bubblewrap/sandbox.ts')).sandbox(pod)
}
