import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { runMark } from '../../solution/janitor.ts'
import { killHard, type RunScope } from '../../solution/run-scope.ts'
import { within } from '../../solution/within.ts'
import type { PodProcess } from '../pod.ts'

/** Milliseconds that the kernel may take to end a namespace of processes. */
const patience = 2000

/** Starts bubblewrap with these words. */
export async function spawnInPod(
  [file = '', ...args]: string[],
  env: Record<string, string>,
  scope: RunScope,
): Promise<PodProcess> {
  scope.assertOpen()
  const child = spawn(file, args, {
    // A place for the sandbox's own status: in the pod it is nobody's.
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env, [runMark]: scope.id },
    cwd: '/',
    // Ctrl-C is for us: we end it.
    detached: true,
  })
  if (child.pid === undefined) throw (await once(child, 'error'))[0]
  const pid = child.pid
  scope.adopt(pid)
  let said = ''
  child.stderr.on('data', (bytes: Buffer) => (said = (said + bytes.toString('utf8')).slice(-8000)))
  child.stdin.on('error', () => {})
  child.stdio[3]?.on('data', () => {})
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    input: child.stdin,
    output: child.stdout,
    said: () => said,
    exited,
    async end() {
      killHard(-pid)
      await within(exited, patience)
      scope.release(pid)
    },
  }
}
