import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { familyOf } from '../../solution/processes.ts'
import { killHard, type RunScope } from '../../solution/run-scope.ts'
import { enterGroups, limitHit } from '../control-groups.ts'
import { flags } from '../flags.ts'
import type { Command, Confined, Isolation } from '../isolation.ts'
import { limitWords } from '../limit-words.ts'
import type { PodSettings } from '../pod-settings.ts'
import { closeInherited } from './close-inherited.ts'
import { type Holder, openHolder } from './holder.ts'
import { watchFiles } from './watch-files.ts'
import { watchMemory } from './watch-memory.ts'
import { bind, devices, installed, readOnly, systemView, tmpfs } from './system-view.ts'

/** KiB in a sandbox's own /tmp, and again in its /dev/shm. */
const scratch = 64 * 1024

/**
 * Confines each program to mounts of its own inside the pod. All programs of a solution share one namespace of processes
 * and of users, as they would on any machine: a lock that names a process means something to the next one. A service has
 * its own. bubblewrap's manual describes the words.
 */
export function sandbox(pod: PodSettings): Isolation {
  closeInherited()
  const system = systemView([...installed, ...pod.hidden])
  const temporary = join(pod.room, 'tmp')
  // bubblewrap can't limit the number of files in a tmpfs.
  const end = () =>
    void holder?.then(
      (current) => current.end(),
      () => {},
    )
  const files = watchFiles(pod.room, end)
  const first = async () => (await holder?.catch(() => undefined))?.pid
  const memory = pod.groups ? undefined : watchMemory(first, pod.limits, end)
  let holder: Promise<Holder> | undefined
  const sharedHolder = async (scope: RunScope): Promise<Holder> => {
    const current = await (holder ??= openHolder(pod, system, scope))
    if (current.alive) return current
    // A solution may kill whatever it can reach, this one included.
    holder = openHolder(pod, system, scope)
    return holder
  }
  return {
    id: 'bubblewrap',
    description: pod.description,
    inPod: true,
    room: pod.room,
    limitHit: () => files.hit ?? memory?.hit ?? limitHit(pod),
    // Orphans are its children; whoever runs is the child of what started it outside.
    sweep() {
      void holder?.then(({ pid }) => {
        if (pid !== undefined) for (const orphan of familyOf(pid)) if (orphan !== pid) killHard(orphan)
      })
    },
    async confine(command, scope) {
      mkdirSync(temporary, { recursive: true })
      const { env, role } = command
      const words = role === 'service' ? ownNamespaces : sharedNamespaces
      const [file = '', ...args] = wordsFor(command, pod, [...system, ...words])
      return {
        file,
        args,
        cwd: '/',
        // On the same file system as its data, as usual: a file written here can be renamed to there.
        env: { ...env, HOME: '/tmp', TMPDIR: role === 'service' ? '/tmp' : temporary },
        ...(role === 'service'
          ? { firstProcess: 'init' as const }
          : { firstProcess: 'program' as const, descriptors: (await sharedHolder(scope)).namespaces }),
      } satisfies Confined
    },
  }
}

const ownNamespaces = ['--unshare-user', '--disable-userns', '--unshare-pid']
const sharedNamespaces = ['--userns', '4', '--pidns', '5']

function wordsFor(command: Command, pod: PodSettings, first: string[]): string[] {
  const { file, args, cwd, role = 'solution', readable = [], writable = [] } = command
  const solutions = role === 'solution'
  const grouped = { memory: pod.groups !== undefined, processes: pod.groups !== undefined }
  const visible = [process.execPath, ...readable, ...(solutions ? pod.visible : [])]
  const own = solutions ? [pod.room] : writable
  // What was handed down to make the sandbox is not for the program.
  const closing = ['/bin/sh', '-c', 'exec "$0" "$@" 3>&- 4>&- 5>&-']
  return [
    ...enterGroups({ groups: solutions ? pod.groups : pod.serviceGroups }),
    pod.bubblewrap ?? 'bwrap',
    ...first,
    ...flags('--proc /proc'),
    ...devices(scratch),
    ...tmpfs('/tmp', { kibibytes: scratch, mode: '1777' }),
    ...visible.filter((path) => !path.startsWith('/usr/')).flatMap((path) => readOnly(path)),
    ...own.flatMap((path) => bind(path)),
    // The root itself is a tmpfs, too.
    ...flags('--remount-ro /'),
    ...flags('--unshare-ipc --unshare-uts --unshare-cgroup-try --hostname pod'),
    ...flags('--new-session --die-with-parent --json-status-fd 3 --chdir'),
    cwd,
    '--',
    ...closing,
    ...limitWords(pod.limits, role, grouped),
    file,
    ...args,
  ]
}
