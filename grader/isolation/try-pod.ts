import { askInPod } from '../batch/ask-in-pod.ts'
import { openRunScope } from '../solution/run-scope.ts'
import type { PodMaker } from './pod.ts'

/** Milliseconds for the trial; it takes about 100, and 500 in a container. */
const patience = 20_000

const limits = { memory_mb: 256, processes: 64, open_files: 64, disk_mb: 8, cpu_s: 5, wall_s: 10 }

/**
 * Opens a pod and runs programs in it as if they were a solution's.
 * @returns why it did not work
 */
export async function tryPod(maker: PodMaker): Promise<string | undefined> {
  await using scope = openRunScope()
  const solution = await scope.folder('solution')
  await using pod = await maker.open({ scope, limits, solution, readable: [] })
  const env = { TMPDIR: pod.folder }
  const answer = await askInPod({ pod, env, request: { trial: pod.settings }, patience })
  if ('late' in answer) return `it did not answer within ${patience / 1000} s`
  if ('ended' in answer) return answer.ended.split('\n').at(-1)
  const { reason, error } = JSON.parse(answer.line) as { reason?: string; error?: string }
  return reason ?? error?.split('\n')[0]
}
