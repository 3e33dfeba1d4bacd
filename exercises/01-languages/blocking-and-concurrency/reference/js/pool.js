import { Worker } from 'node:worker_threads'

/**
 * Worker threads that are hired when they are first needed.
 * @param options.file a module that answers each message with one message
 * @param options.size jobs that run at the same time
 * @param options.limit jobs that may wait beside those that run
 */
export function createPool({ file, size, limit }) {
  const idle = []
  // A Set keeps the order of arrival, and whoever gives up leaves from the middle.
  const waiting = new Set()
  let running = 0

  async function turn(signal) {
    await new Promise((resolve, reject) => {
      waiting.add(resolve)
      signal.addEventListener('abort', () => {
        if (waiting.delete(resolve)) reject(signal.reason)
      })
    })
  }

  /** The place goes to the next one directly: nobody who comes later can take it in between. */
  function leave() {
    const [next] = waiting
    if (next === undefined) {
      running--
      return
    }
    waiting.delete(next)
    next()
  }

  function compute(job, signal) {
    signal.throwIfAborted()
    const worker = idle.pop() ?? new Worker(file)
    return new Promise((resolve, reject) => {
      const done = () => {
        worker.off('message', succeed).off('error', fail)
        signal.removeEventListener('abort', abort)
      }
      const succeed = (result) => {
        done()
        idle.push(worker)
        resolve(result)
      }
      const fail = (error) => {
        done()
        reject(error)
      }
      const abort = () => {
        done()
        // The place becomes free when the thread has really ended. The next job hires another.
        worker.terminate().then(() => reject(signal.reason), reject)
      }
      worker.on('message', succeed).on('error', fail)
      signal.addEventListener('abort', abort)
      worker.postMessage(job)
    })
  }

  async function take(first, job, signal) {
    await first
    try {
      return await compute(job, signal)
    } finally {
      leave()
    }
  }

  return {
    /** Undefined, at once, when there is no room. Rejects when the signal is aborted, and the job ends. */
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
