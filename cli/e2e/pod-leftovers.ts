import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Trap } from './leftovers.ts'

/** Remembers what belongs to a running grader, to be looked for when it is gone: pods have an environment of their own. */
export interface PodWatch {
  /** Remembers what is there now. @param grader its process */
  look(grader: number): void
  /** Processes, control groups and files, once there are none or the patience is over. @param patience milliseconds */
  settled(patience?: number): Promise<string[]>
}

export function watchPods(trap: Trap): PodWatch {
  const runs = new Set<string>()
  const namespaces = new Set<string>()
  const ours = namespaceOf('self')
  const leftovers = () => [
    ...trap.leftovers(),
    ...pids()
      .filter((pid) => belongs(pid))
      .map((pid) => `process ${pid}: ${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 200)}`),
    ...controlGroups().filter((path) => [...runs].some((run) => path.endsWith(`learn-backend-${run}`))),
  ]
  const belongs = (pid: string) => {
    if (/^State:\s+[ZX]/m.test(textOf(`/proc/${pid}/status`))) return false
    if (namespaces.has(namespaceOf(pid)) || textOf(`/proc/${pid}/cmdline`).includes(trap.folder)) return true
    const environment = textOf(`/proc/${pid}/environ`)
    return [...runs].some((run) => environment.includes(`LEARN_BACKEND_RUN=${run}`))
  }
  return {
    look(grader) {
      for (const name of readdirSync(trap.folder)) {
        const run = /^learn-backend-run-(\w+)$/.exec(name)?.[1]
        if (run) runs.add(run)
      }
      for (const pid of descendants(grader)) {
        const namespace = namespaceOf(pid)
        if (namespace !== '' && namespace !== ours) namespaces.add(namespace)
      }
    },
    async settled(patience = 2000) {
      const end = performance.now() + patience
      while (leftovers().length > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
      return leftovers()
    },
  }
}

function descendants(root: number): string[] {
  const parents = new Map(pids().map((pid) => [pid, /^PPid:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1]]))
  const found = new Set([String(root)])
  for (let before = -1; before !== found.size;) {
    before = found.size
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid)
  }
  return [...found]
}

/** Of version 1 by controller, and of version 2 at the top. */
function controlGroups(): string[] {
  const top = '/sys/fs/cgroup'
  return [top, ...namesIn(top).map((name) => join(top, name))].flatMap((folder) =>
    namesIn(folder)
      .filter((name) => name.startsWith('learn-backend-'))
      .map((name) => join(folder, name)),
  )
}

function pids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
}

function namespaceOf(pid: string): string {
  return quietly(() => readlinkSync(`/proc/${pid}/ns/pid`)) ?? ''
}

function namesIn(folder: string): string[] {
  return quietly(() => readdirSync(folder)) ?? []
}

function textOf(file: string): string {
  return quietly(() => readFileSync(file, 'utf8')) ?? ''
}

/** What is looked at may be gone, or not ours to look at. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
