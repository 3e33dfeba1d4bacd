import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { runMark } from '../../solution/janitor.ts'
import { killHard, type RunScope } from '../../solution/run-scope.ts'
import { readSandboxStatus } from '../../solution/sandbox-status.ts'
import { enterGroups } from '../control-groups.ts'
import { flags } from '../flags.ts'
import { limitWords } from '../limit-words.ts'
import type { BubblewrapSettings } from '../pod-settings.ts'
import { within } from '../../solution/within.ts'

/** A process that does nothing but keep a namespace of processes, and one of users, for the programs of a solution. */
export interface Holder {
  readonly alive: boolean
  /** Open descriptors: the namespace of users, and that of processes. */
  namespaces: [users: number, processes: number]
  /** The first process of the namespace. */
  pid: number
  /** Ends whatever is in the namespace of processes. */
  end(): void
}

/** Milliseconds. */
const patience = 5000

// No further namespaces of users can be made in this one: the kernel's code for them has had the most holes.
const script =
  'echo 0 > /proc/sys/user/max_user_namespaces && echo ready && exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@" /bin/sh -c "while :; do sleep 3600; done"'

/** What control groups limit, where there are any. */
export function groupedLimits({ groups }: BubblewrapSettings): ('memory' | 'processes')[] {
  return groups ? ['memory', 'processes'] : []
}

/** @throws Error with bubblewrap's words */
export async function openHolder(pod: BubblewrapSettings, system: string[], scope: RunScope): Promise<Holder> {
  // With all limits of a solution: it has the same user, which may take it over.
  const [file = '', ...words] = [
    ...enterGroups(pod.groups?.solution),
    pod.program,
    ...system,
    // Without --dev, for which bubblewrap would make a second namespace of users that can't be entered.
    ...flags('--proc /proc --dev-bind /dev/null /dev/null --remount-ro /'),
    ...flags('--unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try'),
    // The first process is one that nobody in the namespace can kill; a shell that waits reaps orphans, too.
    ...flags('--as-pid-1 --cap-add CAP_SYS_RESOURCE --new-session --die-with-parent --json-status-fd 3'),
    '--',
    '/bin/sh',
    '-c',
    script,
    'holder',
    ...limitWords(pod.limits, 'solution', groupedLimits(pod)),
  ]
  scope.assertOpen()
  const env = { PATH: '/usr/bin:/bin', [runMark]: scope.id }
  const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env, cwd: '/', detached: true })
  if (child.pid === undefined) throw (await once(child, 'error'))[0]
  scope.adopt(child.pid)
  let said = ''
  child.stderr?.on('data', (bytes: Buffer) => (said = (said + bytes.toString('utf8')).slice(-1000)))
  let alive = true
  const exited = once(child, 'exit').then(() => {
    alive = false
  })
  const pid = await readSandboxStatus(child.stdio[3] as Readable).firstProcess
  await within(Promise.race([once(child.stdout as Readable, 'data'), exited]), patience)
  if (!alive || pid === undefined) throw new Error(`a sandbox could not be made: ${said.trim()}`)
  return {
    get alive() {
      return alive
    },
    namespaces: [openSync(`/proc/${pid}/ns/user`, 'r'), openSync(`/proc/${pid}/ns/pid`, 'r')],
    pid,
    end: () => killHard(pid),
  }
}
