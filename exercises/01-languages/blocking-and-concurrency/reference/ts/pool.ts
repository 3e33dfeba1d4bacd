import { Worker } from 'node:worker_threads'

export interface PoolOptions {
  /** A module that answers each message with one message. */
  file: URL
  /** Jobs that run at the same time. */
  size: number
  /** Jobs that may wait beside those that run. */
  limit: number
}

export interface Pool<Job, Result> {
  /** Undefined, at once, when there is no room. Rejects when the signal is aborted, and the job ends. */
  run(job: Job, signal: AbortSignal): Promise<Result> | undefined
  stats(): { running: number; waiting: number }
}

/** Worker threads that are hired when they are first needed. */
export function createPool<Job, Result>({ file, size, limit }: PoolOptions): Pool<Job, Result> {
  const idle: Worker[] = []
  // A Set keeps the order of arrival, and whoever gives up leaves from the middle.
  const waiting = new Set<() => void>()
  let running = 0

  async function turn(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      waiting.add(resolve)
      signal.addEventListener('abort', () => {
        if (waiting.delete(resolve)) reject(signal.reason as Error)
      })
    })
  }

  /** The place goes to the next one directly: nobody who comes later can take it in between. */
  function leave(): void {
    const [next] = waiting
    if (next === undefined) return void running--
    waiting.delete(next)
    next()
  }

  function compute(job: Job, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted()
    const worker = idle.pop() ?? new Worker(file)
    return new Promise((resolve, reject) => {
      const done = () => {
        worker.off('message', succeed).off('error', fail)
        signal.removeEventListener('abort', abort)
      }
      const succeed = (result: Result) => {
        done()
        idle.push(worker)
        resolve(result)
      }
      const fail = (error: Error) => {
        done()
        reject(error)
      }
      const abort = () => {
        done()
        // The place becomes free when the thread has really ended. The next job hires another.
        worker.terminate().then(() => reject(signal.reason as Error), reject)
      }
      worker.on('message', succeed).on('error', fail)
      signal.addEventListener('abort', abort)
      worker.postMessage(job)
    })
  }

  async function take(first: Promise<void> | undefined, job: Job, signal: AbortSignal): Promise<Result> {
    await first
    try {
      return await compute(job, signal)
    } finally {
      leave()
    }
  }

  return {
    run(job, signal) {
      // Nothing is awaited between the look and the mark, so a crowd can't squeeze through.
      if (running < size) {
        running++
        return take(undefined, job, signal)
      }
      return waiting.size < limit ? take(turn(signal), job, signal) : undefined
    },
    stats: () => ({ running, waiting: waiting.size }),
  }
}
