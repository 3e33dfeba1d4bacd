/**
 * The process that grades one solution at a time for a parent: a crash or a leak stays in here. In a pod it gets its job
 * as a line of its standard input and answers with a line of its standard output; else through Node's own channel.
 */
import { createInterface } from 'node:readline'
import { gradeSolution, type GradeRequest } from '../engine/grade-solution.ts'
import type { PodSettings } from '../isolation/pod-settings.ts'
import { tryConfinement } from '../isolation/try-confinement.ts'
import { openParentLine } from '../services/outside/parent-line.ts'
import { UserError, type UserErrorCode } from '../user-error.ts'

/** What the parent sends. */
export type Job = Omit<GradeRequest, 'onTest' | 'signal'>

/** Asks whether a pod is fit for gradings. */
interface Trial {
  trial: PodSettings
}

async function answer(job: Job | Trial): Promise<unknown> {
  try {
    if ('trial' in job) return { reason: await tryConfinement(job.trial) }
    return { report: await gradeSolution(job) }
  } catch (error) {
    return {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      ...(error instanceof UserError ? { user: { ...error, message: error.message } } : {}),
    }
  }
}

if (process.send) {
  process.on('message', (job: Job) => void answer(job).then((result) => process.send?.(result)))
  // The parent is gone: whatever runs is cleaned up by the janitor.
  process.once('disconnect', () => process.exit(1))
} else workInPod()

/** What the parent says to something that was asked of it. */
interface Reply {
  id: number
  value?: unknown
  error?: string
  user?: { code: UserErrorCode; remedy?: string }
}

function workInPod(): void {
  // A hidden test may print: nothing else may be said here than what is meant.
  const say = process.stdout.write.bind(process.stdout)
  process.stdout.write = process.stderr.write.bind(process.stderr)
  const waiting = new Map<number, (reply: Reply) => void>()
  let asked = 0
  openParentLine({
    ask: (method, value) =>
      new Promise((resolve, reject) => {
        const id = ++asked
        waiting.set(id, ({ value: got, error, user }) => {
          if (error === undefined) return resolve(got)
          reject(user ? new UserError(user.code, error, user.remedy ? { remedy: user.remedy } : {}) : new Error(error))
        })
        say(`${JSON.stringify({ ask: method, id, value })}\n`)
      }),
  })
  let begun = false
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (begun) {
      const reply = JSON.parse(line) as Reply
      waiting.get(reply.id)?.(reply)
      waiting.delete(reply.id)
      return
    }
    begun = true
    void answer(JSON.parse(line) as Job | Trial).then((result) =>
      say(`${JSON.stringify(result)}\n`, () => process.exit(0)),
    )
  })
}
