import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownPackage } from '../../package-root.ts'
import type { RunScope } from '../../solution/run-scope.ts'
import type { Limits } from '../isolation.ts'
import { flags } from '../flags.ts'
import { describeLimits } from '../limit-words.ts'
import type { Pod, PodRequest } from '../pod.ts'
import { openGroups } from './open-groups.ts'
import { spawnInPod } from './spawn-in-pod.ts'
import { toolPlaces, tools } from '../tools.ts'
import { unusedUid } from '../unused-uid.ts'
import { bind, readOnly, systemView, tmpfs } from './system-view.ts'

/** Where a pod keeps its own files; nothing of the machine is there. */
const folder = '/pod'
const room = '/pod/room'

/** Where the solution is, and beside it the packages that the course provides: Node looks for them in folders above. */
const place = { solution: '/solution', packages: '/node_modules' }

/** KiB for what services write, and the grader; and in /tmp and /dev/shm. */
const own = { folder: 2048 * 1024, scratch: 64 * 1024 }

/** The program that makes sandboxes. */
export interface Bubblewrap {
  /** Absolute. */
  program: string
  /** E.g. `bubblewrap 0.8.0`. */
  name: string
}

/**
 * Opens a pod: a root of its own with the system's programs, the grader and the solution in it, read-only; its own
 * processes, and a network that is nothing but loopback. Root gives up being root inside of it: bubblewrap alone would
 * leave it the rights that root has by its number.
 */
export async function openPod(request: PodRequest, { program, name }: Bubblewrap): Promise<Pod> {
  const { limits, readable, solution, packages, languages = [], scope } = request
  const uid = process.getuid?.() === 0 ? unusedUid() : undefined
  const { root } = ownPackage()
  const seen = [process.execPath, root, ...readable, ...languages]
  const names = await writeNames(scope, uid ?? process.getuid?.() ?? 0)
  const groups = uid === undefined ? undefined : openGroups(limits, uid, scope)
  const view = [
    ...systemView(),
    ...names,
    ...flags('--dev /dev'),
    ...tmpfs('/dev/shm', { kibibytes: own.scratch, mode: '1777' }),
    ...tmpfs('/tmp', { kibibytes: own.scratch, mode: '1777' }),
    ...tmpfs(folder, { kibibytes: own.folder, mode: '1777' }),
    ...tmpfs(room, { kibibytes: limits.disk_mb * 1024, mode: '1777' }),
    ...[...seen, program].flatMap((path) => readOnly(path)),
    ...toolPlaces().flatMap(([from, to]) => readOnly(from, to)),
    ...readOnly(solution, place.solution),
    ...(packages ? readOnly(packages, place.packages) : []),
    ...(groups?.folders.flatMap((path) => bind(path)) ?? []),
    ...flags('--unshare-net --unshare-pid --unshare-ipc --unshare-uts --hostname pod'),
    ...flags('--new-session --die-with-parent --seccomp 4'),
  ]
  return {
    folder,
    worker: [process.execPath, join(root, 'dist/worker.js')],
    inside: (path) => path,
    solution: place.solution,
    settings: {
      id: 'bubblewrap',
      description: {
        id: 'bubblewrap',
        mechanism: `${name}, as ${uid === undefined ? 'an ordinary user' : 'an unused user'}, with a private network`,
        limits: describe(limits, groups?.solution.version),
      },
      limits,
      room,
      visible: [tools, place.solution, ...languages, ...(packages ? [place.packages] : [])],
      hidden: [root, ...readable],
      groups: groups && { solution: groups.solution, services: groups.services },
      program,
    },
    run: (command, env) =>
      spawnInPod(
        [program, ...view, ...(uid === undefined ? asUser(command) : asRoot(command, uid, groups?.grader))],
        env,
        scope,
      ),
    async [Symbol.asyncDispose]() {
      await groups?.[Symbol.asyncDispose]()
    },
  }
}

/**
 * Names for the users and for the host in the pod: some programs refuse to run as somebody who has none. The machine's own
 * stay outside.
 */
async function writeNames(scope: RunScope, uid: number): Promise<string[]> {
  const lines = [
    `root:x:0:0:root:/root:/bin/sh`,
    `pod:x:${uid}:${uid}:pod:/tmp:/bin/sh`,
    `nobody:x:65534:65534:nobody:/tmp:/bin/sh`,
  ]
  const files = {
    passwd: lines,
    group: lines.map((line) => line.split(':').slice(0, 3).join(':').concat(':')),
    // Who listens on localhost shall listen where the tests look.
    hosts: ['127.0.0.1 localhost pod'],
  }
  const words: string[] = []
  const folder = await scope.folder('names')
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), `${text.join('\n')}\n`)
    words.push(...readOnly(join(folder, name), `/etc/${name}`))
  }
  return words
}

function asUser(command: string[]): string[] {
  return ['--proc', '/proc', '--remount-ro', '/', '--', ...command]
}

/**
 * The sandboxes inside can only have a /proc of their own where the pod's is whole, and bubblewrap, when root, covers
 * parts of it: so it is mounted by hand.
 */
function asRoot(command: string[], uid: number, groups: string[] = []): string[] {
  // What it sets up is looked for where the system has it, whatever PATH the grader gets.
  const script = [
    'given=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    'for group in $1; do echo 0 > "$group/cgroup.procs" || exit 126; done',
    'mount -t proc -o nosuid,nodev,noexec proc /proc || exit 126',
    'setpriv=$(command -v setpriv) || { echo "setpriv is not installed" >&2; exit 127; }',
    'shift; PATH=$given; exec "$setpriv" "$@"',
  ].join('\n')
  return [
    ...flags('--dir /proc --remount-ro /'),
    ...['CAP_SYS_ADMIN', 'CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_DAC_OVERRIDE'].flatMap((name) => [
      '--cap-add',
      name,
    ]),
    ...flags('-- /bin/sh -c'),
    script,
    'pod',
    groups.join(' '),
    ...flags(`--reuid=${uid} --regid=${uid}`),
    ...flags('--clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all'),
    ...command,
  ]
}

function describe(limits: Limits, version: 1 | 2 | undefined): string[] {
  const by = version ? `cgroup v${version}` : undefined
  return [
    `memory ${limits.memory_mb} MiB (${by ?? 'roughly: added up now and then, and prlimit for each process'})`,
    `processes and threads ${limits.processes} (${by ?? 'prlimit'})`,
    ...describeLimits(limits),
  ]
}
