export interface Job {
  id: string
  task: string
  data: Record<string, unknown>
}

/** Undefined for what is no task. */
export function readTask(value: unknown): Omit<Job, 'id'> | undefined {
  if (!isObject(value)) return undefined
  const { task, data } = value
  return typeof task === 'string' && task !== '' && isObject(data) ? { task, data } : undefined
}

/** Undefined for what is no job. */
export function readJob(body: Buffer): Job | undefined {
  const value = parse(body)
  const task = readTask(value)
  return task && isObject(value) && typeof value.id === 'string' ? { id: value.id, ...task } : undefined
}

/** Undefined for what is not JSON. */
export function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
