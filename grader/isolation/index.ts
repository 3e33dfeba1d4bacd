import type { Isolation } from './isolation.ts'
import { none } from './none.ts'
import type { PodSettings } from './pod-settings.ts'

/** How a process in a pod confines what it starts; loaded when it is needed. */
const confinements = {
  bubblewrap: async (pod: PodSettings) => (await import('./bubblewrap/sandbox.ts')).sandbox(pod),
  docker: async (pod: PodSettings) => (await import('./docker/unused-user.ts')).unusedUser(pod),
} satisfies Record<PodSettings['id'], (pod: PodSettings) => Promise<Isolation>>

/** How the solution is confined by this process. @param pod the pod in which it is, if any */
export async function confinement(pod: PodSettings | undefined): Promise<Isolation> {
  return pod ? confinements[pod.id](pod) : none
}
