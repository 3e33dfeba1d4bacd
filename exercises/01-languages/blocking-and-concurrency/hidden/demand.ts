import { readdirSync, readFileSync } from 'node:fs'
import { type App, sleep } from 'learn-backend/kit'

interface Demand {
  /** The part of the time in which the thread computed. */
  computed: number
  /** The part of the time in which it wanted to: it did, or it was ready and waited for a processor. */
  wanted: number
}

/**
 * What the threads of the program (its child processes included) do in so many milliseconds. What they want does not depend on how
 * busy the machine is. Undefined where the system does not tell (only Linux does).
 */
async function demands(app: App, ms: number): Promise<Demand[] | undefined> {
  const began = performance.now()
  const before = timesOf(app.pid)
  if (before === undefined) return undefined
  const after = new Map<string, Demand>()
  while (performance.now() - began < ms) {
    await sleep(Math.min(100, ms))
    // In between as well, because what has ended is not there to be asked.
    for (const [thread, times] of timesOf(app.pid) ?? []) after.set(thread, times)
  }
  const took = performance.now() - began
  return [...after]
    .filter(([thread]) => !housekeeping.test(read(`/proc/${thread}/comm`) ?? ''))
    .map(([thread, { computed, wanted }]) => ({
      computed: (computed - (before.get(thread)?.computed ?? 0)) / took,
      wanted: (wanted - (before.get(thread)?.wanted ?? 0)) / took,
    }))
}

/** What a Java virtual machine calls the threads that compile and collect. On a busy machine they do little else for seconds. */
const housekeeping = /^(C[12] Compiler|GC Thread|G1 |VM |Monitor Deflati)/

/**
 * How many threads compute at once, on average. Those that do so now and then don't count, even if on a busy machine
 * they wait for long until they may.
 */
export async function width(app: App, ms: number): Promise<number | undefined> {
  const all = await demands(app, ms)
  if (all === undefined) return undefined
  const most = Math.max(...all.map(({ computed }) => computed))
  return all
    .filter(({ computed, wanted }) => wanted > 0.25 && computed > most / 4)
    .reduce((sum, { wanted }) => sum + wanted, 0)
}

/** How many threads do nothing else than compute. */
export async function busyThreads(app: App, ms: number): Promise<number | undefined> {
  const all = await demands(app, ms)
  return all?.filter(({ wanted }) => wanted > 0.5).length
}

/** Milliseconds by thread, from /proc/<pid>/task/<tid>/schedstat: "<on a processor> <ready> <turns>", in nanoseconds. */
function timesOf(root: number): Map<string, Demand> | undefined {
  const times = new Map<string, Demand>()
  for (const pid of familyOf(root)) {
    for (const thread of list(`/proc/${pid}/task`)) {
      const [ran, ready] = (read(`/proc/${pid}/task/${thread}/schedstat`) ?? '').split(' ').map(Number)
      if (ran === undefined || ready === undefined) continue
      times.set(`${pid}/task/${thread}`, { computed: ran / 1e6, wanted: (ran + ready) / 1e6 })
    }
  }
  return times.size > 0 ? times : undefined
}

/** The processors that the program may use, at least 1. */
export function processorsOf(app: App): number {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(read(`/proc/${app.pid}/status`) ?? '')?.[1]
  if (allowed === undefined) return 1
  return allowed.split(',').reduce((sum, range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return sum + last - first + 1
  }, 0)
}

/** The program, what it has started, and what belongs to its process group. */
function familyOf(root: number): Set<number> {
  const rows = list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      const stat = read(`/proc/${pid}/stat`) ?? ''
      // The command's name stands in brackets and may hold anything.
      const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return { pid: Number(pid), parent: Number(parent), group: Number(group) }
    })
  const family = new Set([root])
  for (let grown = true; grown;) {
    grown = false
    for (const { pid, parent, group } of rows) {
      if (family.has(pid) || !(family.has(parent) || group === root)) continue
      family.add(pid)
      grown = true
    }
  }
  return family
}

// A process may end between the listing and the look.
function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
