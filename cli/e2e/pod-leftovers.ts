import { readdirSync } from 'node:fs'
import { controlGroupsOf, describeProcess, linkOf, livingProcesses, settled, textOf } from '../../fixtures/leftovers.js'
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
    ...livingProcesses().filter(belongs).map(describeProcess),
    ...controlGroupsOf([...runs]),
  ]
  const belongs = (pid: string) => {
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
    settled: (patience) => settled(leftovers, patience),
  }
}

function descendants(root: number): string[] {
  const parents = new Map(
    livingProcesses().map((pid) => [pid, /^PPid:\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`))?.[1]]),
  )
  const found = new Set([String(root)])
  for (let before = -1; before !== found.size;) {
    before = found.size
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid)
  }
  return [...found]
}

function namespaceOf(pid: string): string {
  return linkOf(`/proc/${pid}/ns/pid`)
}
