import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { ownPackage } from '../package-root.ts'
import type { Report } from '../report/schema.ts'
import type { UserErrorCode } from '../user-error.ts'
import type { Job } from './worker.ts'

export type JobResult =
  | { report: Report; error?: undefined; user?: undefined }
  | { report?: undefined; error: string; user?: { code: UserErrorCode; message: string; remedy?: string } }

/** Processes that each grade one solution at a time. A solution that takes its process down costs only its own job. */
export interface WorkerPool extends AsyncDisposable {
  /** Queues a job. Never rejects: an accident is a result too. */
  grade(job: Job): Promise<JobResult>
}

/** Gradings after which a process is replaced. */
const jobsPerWorker = 15

/** @param size how many solutions are graded at once */
export function openWorkerPool(size: number): WorkerPool {
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()
  const jobsDone = new WeakMap<ChildProcess, number>()
  const queue: { job: Job; done(result: JobResult): void }[] = []
  let busy = 0

  const startWorker = () => {
    const worker = fork(join(ownPackage().root, 'dist/worker.js'), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    all.add(worker)
    worker.once('exit', () => {
      all.delete(worker)
      const at = idle.indexOf(worker)
      if (at >= 0) idle.splice(at, 1)
    })
    return worker
  }
  const next = () => {
    if (busy >= size) return
    const entry = queue.shift()
    if (!entry) return
    const worker = idle.pop() ?? startWorker()
    busy++
    let errors = ''
    const collect = (bytes: Buffer) => {
      errors = (errors + bytes.toString('utf8')).slice(-4000)
    }
    const finish = (result: JobResult) => {
      worker.off('message', onMessage)
      worker.off('exit', onExit)
      worker.stderr?.off('data', collect)
      busy--
      const done = (jobsDone.get(worker) ?? 0) + 1
      jobsDone.set(worker, done)
      // Each run imports its tests anew, and a module is never unloaded: a process that has done its share goes.
      if (worker.connected && done >= jobsPerWorker) worker.disconnect()
      else if (worker.connected) idle.push(worker)
      entry.done(result)
      next()
    }
    const onMessage = (result: JobResult) => finish(result)
    const onExit = (code: number | null, signal: string | null) =>
      finish({ error: `the grading process ended (${signal ?? `exit code ${code}`}) ${errors}` })
    worker.stderr?.on('data', collect)
    worker.once('message', onMessage)
    worker.once('exit', onExit)
    worker.send(entry.job)
  }
  return {
    grade: (job) =>
      new Promise((done) => {
        queue.push({ job, done })
        next()
      }),
    async [Symbol.asyncDispose]() {
      queue.length = 0
      await Promise.all(
        [...all].map(
          (worker) =>
            new Promise<void>((resolve) => {
              worker.once('exit', () => resolve())
              if (worker.connected) worker.disconnect()
            }),
        ),
      )
    },
  }
}
