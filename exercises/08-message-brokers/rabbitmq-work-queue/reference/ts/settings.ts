function number(name: string, byDefault: number): number {
  return Number(process.env[name] ?? byDefault)
}

const queue = process.env.QUEUE ?? 'jobs'
const role = process.env.ROLE ?? 'both'

export const settings = {
  port: number('PORT', 3000),
  accepts: role !== 'worker',
  works: role !== 'api',
  amqpUrl: process.env.AMQP_URL ?? 'amqp://guest:guest@127.0.0.1:5672/%2f',
  queue,
  deadQueue: `${queue}.dead`,
  workUrl: process.env.WORK_URL ?? 'http://127.0.0.1:4000/work',
  workTimeoutMs: number('WORK_TIMEOUT_MS', 10_000),
  prefetch: number('PREFETCH', 1),
  maxAttempts: number('MAX_ATTEMPTS', 5),
  retryMs: number('RETRY_MS', 1000),
  confirmTimeoutMs: number('CONFIRM_TIMEOUT_MS', 5000),
  reconnectMs: number('RECONNECT_MS', 1000),
}

/** The wait after the n-th failed attempt, in milliseconds. */
export function waitAfter(failedAttempts: number): number {
  return settings.retryMs * 2 ** (failedAttempts - 1)
}

/**
 * Messages expire at the head of a queue only, so a long wait there would hold up the short ones behind it: each wait has
 * a queue of its own. Its time is in the name, because a queue that exists can't be declared with another time.
 */
export function waitQueue(ms: number): string {
  return `${settings.queue}.wait.${ms}`
}
