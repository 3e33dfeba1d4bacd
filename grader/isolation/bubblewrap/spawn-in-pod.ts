import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { runMark } from '../../solution/janitor.ts'
import { killHard, type RunScope } from '../../solution/run-scope.ts'
import { within } from '../../solution/within.ts'
import { callFilter } from './call-filter.ts'
import type { PodProcess } from '../pod.ts'

/** Milliseconds that the kernel may take to end a namespace of processes. */
const patience = 2000

/** Starts bubblewrap with these words. */
export async function spawnInPod(
  [file = '', ...args]: string[],
  env: Record<string, string>,
  scope: RunScope,
): Promise<PodProcess> {
  const filter = openSync(await callFilter(scope), 'r')
  scope.assertOpen()
  const child = spawn(file, args, {
    // A place for the sandbox's own status, which nobody looks at here, and the filter.
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', filter],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env, [runMark]: scope.id },
    cwd: '/',
    // Ctrl-C is for us: we end it.
    detached: true,
  })
  closeSync(filter)
  if (child.pid === undefined) throw (await once(child, 'error'))[0]
  const pid = child.pid
  scope.adopt(pid)
  const [input, output, errors] = child.stdio as unknown as [Writable, Readable, Readable]
  let said = ''
  errors.on('data', (bytes: Buffer) => (said = (said + bytes.toString('utf8')).slice(-8000)))
  input.on('error', () => {})
  child.stdio[3]?.on('data', () => {})
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    input,
    output,
    said: () => said,
    exited,
    async end() {
      killHard(-pid)
      await within(exited, patience)
      scope.release(pid)
    },
  }
}
