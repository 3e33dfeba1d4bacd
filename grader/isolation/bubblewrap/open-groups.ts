import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunScope } from '../../solution/run-scope.ts'
import type { Limits } from '../isolation.ts'
import type { ControlGroups } from '../pod-settings.ts'

/** Control groups of one pod: for the solution, for its services, and for the grader, which moves what it starts. */
interface Groups {
  solution: ControlGroups
  services: ControlGroups
  /** What the grader's process must be put into first. */
  grader: string[]
  /** To be seen in the pod. */
  folders: string[]
}

type OpenGroups = Groups & AsyncDisposable

/**
 * Makes control groups with the solution's limits that a user may put processes into.
 * @returns undefined where that can't be done: then the limits of processes have to do
 */
export function openGroups(limits: Limits, uid: number, scope: RunScope): OpenGroups | undefined {
  const made: string[] = []
  /** A group into which the user may put processes. */
  const make: MakeGroup = (folder, files) => {
    mkdirSync(folder)
    made.push(folder)
    scope.removeAtEnd(folder)
    for (const file of ['', ...files]) chownSync(join(folder, file), uid, uid)
    return folder
  }
  const name = `learn-backend-${scope.id}`
  try {
    const opened = openVersion2(limits, name, make) ?? openVersion1(limits, name, make)
    return opened && { ...opened, ...removing(made) }
  } catch {
    // Control groups that are there to be looked at only, as in a container.
    for (const folder of made.toReversed()) removed(folder)
    return undefined
  }
}

type MakeGroup = (folder: string, files: string[]) => string

/** For all services of a pod together, and for the grader in it: they are to be stopped before the machine is. */
const others = { services: { memory_mb: 3072, processes: 2048 }, grader: { memory_mb: 1536, processes: 1024 } }

function openVersion2(limits: Limits, name: string, make: MakeGroup): Groups | undefined {
  const mount = mounts().find(({ type, at }) => type === 'cgroup2' && controls(at, 'cgroup.controllers'))
  if (!mount) return undefined
  if (!controls(mount.at, 'cgroup.subtree_control'))
    writeFileSync(join(mount.at, 'cgroup.subtree_control'), '+memory +pids')
  const pod = make(join(mount.at, name), ['cgroup.procs'])
  writeFileSync(join(pod, 'cgroup.subtree_control'), '+memory +pids')
  const group = (kind: string, { memory_mb, processes }: GroupLimits): ControlGroups => {
    const folder = make(join(pod, kind), ['cgroup.procs'])
    writeFileSync(join(folder, 'memory.max'), String(memory_mb * 2 ** 20))
    if (existsSync(join(folder, 'memory.swap.max'))) writeFileSync(join(folder, 'memory.swap.max'), '0')
    writeFileSync(join(folder, 'pids.max'), String(processes))
    return { version: 2, memory: folder, pids: folder }
  }
  const grader = group('grader', others.grader)
  const services = group('services', others.services)
  return { solution: group('solution', limits), services, grader: [grader.memory], folders: [pod] }
}

function openVersion1(limits: Limits, name: string, make: MakeGroup): Groups | undefined {
  const all = mounts()
  const [memory, pids] = ['memory', 'pids'].map((controller) =>
    all.find(({ type, options }) => type === 'cgroup' && options.includes(controller)),
  )
  if (!memory || !pids) return undefined
  const group = (kind: string, { memory_mb, processes }: GroupLimits): ControlGroups => {
    const [inMemory = '', inPids = ''] = [memory, pids].map(({ at }) =>
      make(join(at, `${name}-${kind}`), ['cgroup.procs', 'tasks']),
    )
    writeFileSync(join(inMemory, 'memory.limit_in_bytes'), String(memory_mb * 2 ** 20))
    writeFileSync(join(inPids, 'pids.max'), String(processes))
    return { version: 1, memory: inMemory, pids: inPids }
  }
  const grader = group('grader', others.grader)
  const services = group('services', others.services)
  const solution = group('solution', limits)
  const folders = [services, solution].flatMap((each) => [each.memory, each.pids])
  return { solution, services, grader: [grader.memory, grader.pids], folders: [...folders, grader.memory, grader.pids] }
}

type GroupLimits = Pick<Limits, 'memory_mb' | 'processes'>

function removing(folders: string[]): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      const end = performance.now() + 2000
      for (const folder of folders.toReversed()) while (!removed(folder) && performance.now() < end) await sleep(10)
    },
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function controls(folder: string, file: string): boolean {
  try {
    const words = readFileSync(join(folder, file), 'utf8').split(/\s+/)
    return words.includes('memory') && words.includes('pids')
  } catch {
    return false
  }
}

function mounts(): { at: string; type: string; options: string[] }[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, at = '', type = '', options = '']) => ({ at, type, options: options.split(',') }))
}
