import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { familyOf } from '../../solution/processes.ts'
import { killHard, type RunScope } from '../../solution/run-scope.ts'
import { enterGroups, limitHit } from '../control-groups.ts'
import { flags } from '../flags.ts'
import type { Command, Confined, Isolation } from '../isolation.ts'
import { limitWords } from '../limit-words.ts'
import type { BubblewrapSettings } from '../pod-settings.ts'
import { watchLimit } from '../watch-limit.ts'
import { closeInherited } from './close-inherited.ts'
import { tooManyFiles, tooMuchMemory } from './find-excess.ts'
import { groupedLimits, type Holder, openHolder } from './holder.ts'
import { bind, devices, installed, readOnly, systemView, tmpfs } from './system-view.ts'

/** KiB in a sandbox's own /tmp, and again in its /dev/shm. */
const scratch = 64 * 1024

/**
 * Confines each program to mounts of its own inside the pod. All programs of a solution share one namespace of processes
 * and of users, as they would on any machine: a lock that names a process means something to the next one. A service has
 * its own. bubblewrap's manual describes the words.
 */
export function sandbox(pod: BubblewrapSettings): Isolation {
  closeInherited()
  const system = systemView([...installed, ...pod.hidden])
  const temporary = join(pod.room, 'tmp')
  let opening: Promise<Holder> | undefined
  let holder: Holder | undefined
  const hold = async (scope: RunScope): Promise<Holder> => {
    // A solution may kill whatever it can reach, this one included.
    if (holder?.alive === false) opening = holder = undefined
    return (holder = await (opening ??= openHolder(pod, system, scope)))
  }
  const onHit = () => holder?.end()
  const files = watchLimit({ interval: 100, find: () => tooManyFiles(pod.room), onHit })
  const find = () => (holder ? tooMuchMemory(holder.pid, pod.limits) : undefined)
  const memory = pod.groups ? undefined : watchLimit({ interval: 60, find, onHit })
  return {
    id: 'bubblewrap',
    description: pod.description,
    inPod: true,
    room: pod.room,
    limitHit: () => files.hit ?? memory?.hit ?? limitHit(pod.groups?.solution, pod),
    // Orphans are the holder's children; whoever runs is the child of what started it outside.
    programEnded() {
      if (!holder) return
      for (const orphan of familyOf(holder.pid)) if (orphan !== holder.pid) killHard(orphan)
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
          : { firstProcess: 'program' as const, descriptors: (await hold(scope)).namespaces }),
      } satisfies Confined
    },
  }
}

const ownNamespaces = ['--unshare-user', '--disable-userns', '--unshare-pid']
const sharedNamespaces = ['--userns', '4', '--pidns', '5']

function wordsFor(command: Command, pod: BubblewrapSettings, first: string[]): string[] {
  const { file, args, cwd, role = 'solution', readable = [], writable = [] } = command
  const solutions = role === 'solution'
  const visible = [process.execPath, ...readable, ...(solutions ? pod.visible : [])]
  const own = solutions ? [pod.room] : writable
  // What was handed down to make the sandbox is not for the program.
  const closing = ['/bin/sh', '-c', 'exec "$0" "$@" 3>&- 4>&- 5>&-']
  return [
    ...enterGroups(solutions ? pod.groups?.solution : pod.groups?.services),
    pod.program,
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
    ...limitWords(pod.limits, role, groupedLimits(pod)),
    file,
    ...args,
  ]
}
