import { createInterface } from 'node:readline'
import type { Pod, PodProcess } from '../isolation/pod.ts'
import type { PodServers } from '../services/docker/pod-servers.ts'
import { within } from '../solution/within.ts'
import { UserError } from '../user-error.ts'

/** How a request to the worker in a pod ended. */
export type PodAnswer =
  | { line: string }
  /** It ended without an answer. */
  | { ended: string }
  | { late: true }

/** Bytes of all that a worker may say: more is no report. */
const mostOutput = 64 * 2 ** 20

interface Question {
  pod: Pod
  env: Record<string, string>
  /** What it is asked, as JSON. */
  request: unknown
  /** Milliseconds. */
  patience: number
  signal?: AbortSignal | undefined
  /** Opens what starts servers for it, once it asks for them. */
  servers?: () => PodServers | undefined
}

/** Starts the worker in a pod, asks it once, and ends all that is in the pod. @throws the signal's reason */
export async function askInPod({ pod, env, request, patience, signal, servers }: Question): Promise<PodAnswer> {
  const worker = await pod.run(pod.worker, env)
  let opened: PodServers | undefined
  const onAbort = () => void worker.end()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    // While the pod was being made nobody listened.
    signal?.throwIfAborted()
    const answered = answerOf(worker, (method, value) => {
      opened ??= servers?.()
      return opened ? opened.answer(method, value) : Promise.reject(new Error('nothing can be started for it'))
    })
    worker.input.write(`${JSON.stringify(request)}\n`)
    const ended = worker.exited.then(({ code, signal: by }) => ({
      ended: worker.said().trim() || `it ended with ${by ?? `exit code ${code}`}`,
    }))
    const answer = await within(Promise.race([answered, ended]), patience)
    signal?.throwIfAborted()
    return answer ?? { late: true }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await opened?.[Symbol.asyncDispose]()
    await worker.end()
  }
}

/** Reads lines until one is the answer; others ask for something. Never resolves when there is none: its end tells. */
function answerOf(
  { input, output }: PodProcess,
  serve: (method: string, value: unknown) => Promise<unknown>,
): Promise<PodAnswer> {
  return new Promise((resolve) => {
    let size = 0
    output.on('data', (bytes: Buffer) => {
      if ((size += bytes.length) > mostOutput) resolve({ ended: 'it said too much' })
    })
    createInterface({ input: output }).on('line', (line) => {
      const asked = questionIn(line)
      if (!asked) return resolve({ line })
      const reply = (text: object) => void input.write(`${JSON.stringify({ id: asked.id, ...text })}\n`)
      serve(asked.ask, asked.value).then(
        (value) => reply({ value }),
        (error: unknown) => reply(describe(error)),
      )
    })
  })
}

/** What a worker asks for while it works. */
interface AskedOutside {
  id: number
  ask: string
  value: unknown
}

function questionIn(line: string): AskedOutside | undefined {
  if (!line.startsWith('{"ask":')) return undefined
  try {
    return JSON.parse(line) as AskedOutside
  } catch {
    return undefined
  }
}

function describe(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error)
  return { error: message, ...(error instanceof UserError ? { user: { code: error.code, remedy: error.remedy } } : {}) }
}
