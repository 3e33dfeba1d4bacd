import { UserError } from '../user-error.ts'
import type { PodMaker, PodTrial } from './pod.ts'

/** How each kind of pod is tried, the strongest first. */
const trials = {
  docker: async (around: TrialSurroundings & { wanted: boolean }) =>
    (await import('./docker/trial.ts')).tryDocker(around),
  bubblewrap: async (around: TrialSurroundings) => (await import('./bubblewrap/trial.ts')).tryBubblewrap(around),
} satisfies Record<string, (around: TrialSurroundings & { wanted: boolean }) => Promise<PodTrial>>

type PodId = keyof typeof trials

/** What `--isolation` takes. */
export type IsolationChoice = 'auto' | 'none' | PodId

interface TrialSurroundings {
  signal: AbortSignal
  onProgress?: ((text: string) => void) | undefined
  /** Where Docker is looked for. */
  hostEnvironment: Record<string, string | undefined>
  /** The image for pods of Docker, if one was named. */
  image?: string | undefined
  /** Of services in containers, instead of the usual ones. */
  images: Record<string, string>
}

/**
 * Finds an isolation that works on this machine, by a real trial.
 * @returns undefined when none is wanted
 * @throws UserError `environment` when the one that is wanted, or any, does not work
 */
export async function chooseIsolation(
  choice: IsolationChoice,
  around: TrialSurroundings,
): Promise<PodMaker | undefined> {
  if (choice === 'none') return undefined
  const failed: { id: string; reason: string; remedy: string }[] = []
  for (const id of choice === 'auto' ? (Object.keys(trials) as PodId[]) : [choice]) {
    const trial = await trials[id]({ ...around, wanted: choice !== 'auto' })
    if (trial.ok) return trial.maker
    failed.push({ id, ...trial })
  }
  throw new UserError(
    'environment',
    `Solutions can't be isolated here, so nothing was started. Tried:\n${failed.map(({ id, reason }) => `  ${id.padEnd(11)} ${reason}`).join('\n')}`,
    {
      remedy: `One of these helps:\n${failed.map(({ id, remedy }) => `  ${id.padEnd(11)} ${remedy}`).join('\n')}\nOnly for code that you trust as your own: --isolation none`,
    },
  )
}
