import { connectEngine } from '../../services/docker/connect-engine.ts'
import { findEngine } from '../../services/docker/find-engine.ts'
import { hasImage, pullImage } from '../../services/docker/pull-image.ts'
import { UserError } from '../../user-error.ts'
import type { PodMaker, PodTrial } from '../pod.ts'
import { tryPod } from '../try-pod.ts'
import { type DockerPods, openPod } from './pod.ts'

/** It has what a pod needs: node, setpriv and prlimit. */
export const usualImage = 'node:22-bookworm'

interface DockerSurroundings {
  hostEnvironment: Record<string, string | undefined>
  /** Default: {@link usualImage}. */
  image?: string | undefined
  /** Of services, instead of the usual ones. */
  images: Record<string, string>
  /** Docker was asked for: an image that is not there is worth a pull. */
  wanted: boolean
  signal: AbortSignal
  onProgress?: ((text: string) => void) | undefined
}

/** Opens a pod in a container and runs programs as a user without rights in it. */
export async function tryDocker(around: DockerSurroundings): Promise<PodTrial> {
  const { hostEnvironment, image = usualImage, images, wanted, signal, onProgress } = around
  const found = await findEngine({ hostEnvironment })
  if ('reason' in found) return { ok: false, ...found }
  const name = `Docker ${found.version}`
  try {
    const engine = await connectEngine({ hostEnvironment })
    if (wanted) await pullImage(engine, image, { signal, onProgress })
    else if (!(await hasImage(engine, image)))
      return { ok: false, reason: `the image ${image} is not here`, remedy: `Type: docker pull ${image}` }
    return await tryImage({ engine, image, name, images, hostEnvironment })
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof UserError)) throw error
    return { ok: false, reason: error.message, remedy: error.remedy ?? `Look at it with: docker info` }
  }
}

async function tryImage(pods: DockerPods): Promise<PodTrial> {
  const maker: PodMaker = { id: 'docker', name: pods.name, open: (request) => openPod(request, pods) }
  const reason = await tryPod(maker)
  if (reason === undefined) return { ok: true, maker }
  return {
    ok: false,
    reason: `${pods.name} with the image ${pods.image} does not work here: ${reason}`,
    remedy:
      'Name an image with node, setpriv and prlimit: --isolation-image node:22-bookworm; the engine must be able to see the files of this machine',
  }
}
