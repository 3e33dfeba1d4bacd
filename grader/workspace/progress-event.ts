/** Something that happened to an exercise of a workspace. */
export type ProgressEvent = { v: 1; /** ISO 8601, UTC. */ at: string } & (
  | { type: 'started'; lang: string }
  | {
      type: 'attempt'
      seed: string
      status: AttemptStatus
      cause?: string
      points: { earned: number; possible: number }
      /** By step id. */
      steps: Record<string, StepStatus>
      /** Only these steps were asked for. */
      only?: string[]
    }
  | { type: 'hint'; step: string; /** From 1. */ level: number }
  | { type: 'reset'; /** Relative to the workspace; absent when there was nothing to move. */ backup?: string }
  | { type: 'solution' }
)

export type AttemptStatus = 'passed' | 'failed' | 'errored'
export type StepStatus = 'passed' | 'failed' | 'skipped' | 'errored'

/** What each type must carry. Written by hand: a schema library takes longer to load than `verify` may take in all. */
const shapes: Record<ProgressEvent['type'], (event: Record<string, unknown>) => boolean> = {
  started: ({ lang }) => typeof lang === 'string',
  attempt: ({ status, points, steps }) =>
    typeof status === 'string' && isRecord(points) && typeof points['earned'] === 'number' && isRecord(steps),
  hint: ({ step, level }) => typeof step === 'string' && typeof level === 'number',
  reset: () => true,
  solution: () => true,
}

/**
 * One line of a progress file. `unknown` is the event of a newer learn-backend, to be kept and not understood;
 * undefined is damage.
 */
export function parseEvent(line: string): ProgressEvent | 'unknown' | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isRecord(value) || typeof value['v'] !== 'number') return undefined
  const { v, at, type } = value
  if (v !== 1) return 'unknown'
  if (typeof type !== 'string' || typeof at !== 'string' || Number.isNaN(Date.parse(at))) return undefined
  if (!Object.hasOwn(shapes, type)) return 'unknown'
  return shapes[type as ProgressEvent['type']](value) ? (value as ProgressEvent) : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
