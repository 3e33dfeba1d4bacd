import { UserError } from '../../user-error.ts'
import type { Engine } from './connect-engine.ts'
import { explainEngineError, explainPullError } from './explain-engine-error.ts'

interface PullEvent {
  status?: string
  id?: string
  progressDetail?: { current?: number; total?: number }
  error?: string
  errorDetail?: { message?: string }
}

interface Layer {
  done: boolean
  current: number
  total: number
}

/** Whether an image is there already. */
export async function hasImage({ docker, address }: Engine, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect()
    return true
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false
    throw explainEngineError(error, `look for the image ${image}`, address)
  }
}

/**
 * Pulls an image unless it is there.
 * @throws UserError `environment` saying whether the name, the registry or the disk is at fault
 */
export async function pullImage(
  engine: Engine,
  image: string,
  { signal, onProgress }: { signal: AbortSignal; onProgress?: ((text: string) => void) | undefined },
): Promise<void> {
  if (await hasImage(engine, image)) return
  signal.throwIfAborted()
  const { docker, address } = engine
  let stream: NodeJS.ReadableStream & { destroy?(error?: Error): void }
  try {
    onProgress?.(`pulling ${image}`)
    stream = await docker.pull(image)
  } catch (error) {
    throw explainPullError(error, image, address)
  }
  const onAbort = () => stream.destroy?.(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  const layers = new Map<string, Layer>()
  try {
    await new Promise<void>((resolve, reject) => {
      stream.once('close', () => reject(new Error('the engine ended the pull')))
      docker.modem.followProgress(
        stream,
        (error, events) => {
          const failure = error ?? failureIn(events as PullEvent[])
          if (failure) reject(failure)
          else resolve()
        },
        (event: PullEvent) => {
          countLayer(layers, event)
          if (layers.size > 0) onProgress?.(`pulling ${image}: ${describeLayers(layers)}`)
        },
      )
    })
  } catch (error) {
    signal.throwIfAborted()
    throw explainPullError(error, image, address)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
  // An engine that ends a pull without a word has not got it.
  if (!(await hasImage(engine, image)))
    throw new UserError('environment', `The image ${image} was pulled, and is not there.`, {
      remedy: `To see more, type: docker pull ${image}`,
    })
}

function failureIn(events: PullEvent[]): Error | undefined {
  const failed = events.find((event) => event.error !== undefined)
  return failed && new Error(failed.errorDetail?.message ?? failed.error)
}

/** The stages of one layer, as the engine names them. */
function countLayer(layers: Map<string, Layer>, { id, status, progressDetail }: PullEvent): void {
  if (!id || !status || status.startsWith('Pulling from')) return
  const layer = layers.get(id) ?? { done: false, current: 0, total: 0 }
  if (status === 'Downloading' && progressDetail?.total) {
    layer.current = progressDetail.current ?? 0
    layer.total = progressDetail.total
  }
  if (status === 'Download complete' || status === 'Extracting') layer.current = layer.total
  if (status === 'Pull complete' || status === 'Already exists') layer.done = true
  layers.set(id, layer)
}

function describeLayers(layers: Map<string, Layer>): string {
  const all = [...layers.values()]
  const sum = (key: 'current' | 'total') => all.reduce((total, layer) => total + layer[key], 0)
  const done = all.filter((layer) => layer.done).length
  const bytes = sum('total') > 0 ? `, ${megabytes(sum('current'))} of ${megabytes(sum('total'))} MB` : ''
  return `${done} of ${all.length} layers${bytes}`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
