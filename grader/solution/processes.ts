import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { runMark } from './janitor.ts'

/** One row of the process table. Only Linux tells (procfs); elsewhere the lists are empty. */
interface ProcessRow {
  pid: number
  parent: number
  group: number
}

function readProcesses(): ProcessRow[] {
  const rows: ProcessRow[] = []
  for (const pid of pids()) {
    const stat = read(`/proc/${pid}/stat`)
    // The command's name stands in brackets and may hold anything, so fields are counted from the last bracket.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields) rows.push({ pid, parent: Number(fields[1]), group: Number(fields[2]) })
  }
  return rows
}

/** Every process below `root` in the tree, and every member of its group, `root` included. */
export function familyOf(root: number): number[] {
  const rows = readProcesses()
  const family = new Set([root])
  for (let grown = true; grown;) {
    grown = false
    for (const row of rows) {
      if (family.has(row.pid) || !(family.has(row.parent) || row.group === root)) continue
      family.add(row.pid)
      grown = true
    }
  }
  return [...family]
}

/** The first process that another has started and that is still there. */
export function firstChildOf(parent: number): number | undefined {
  return childrenOf(parent)[0]
}

export function childrenOf(parent: number): number[] {
  return readProcesses()
    .filter((row) => row.parent === parent)
    .map(({ pid }) => pid)
}

/** Its real user; undefined when it is root's, or gone. */
export function ownerOf(pid: number): number | undefined {
  return Number(/^Uid:\t(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? Number.NaN) || undefined
}

/** Those of the processes that are still running: not gone, and not only waiting to be reaped. */
export function stillRunning(processes: number[]): number[] {
  return processes.filter((pid) => {
    const stat = read(`/proc/${pid}/stat`)
    return stat !== undefined && stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z'
  })
}

/** Processes that carry the run's mark in their environment, wherever they hide in the tree. */
export function markedWith(runId: string): number[] {
  const mark = `${runMark}=${runId}`
  return pids().filter((pid) => pid !== process.pid && read(`/proc/${pid}/environ`)?.split('\0').includes(mark))
}

/** Resident memory in bytes of a program and all that it started; undefined where the system does not tell. */
export function residentBytes(root: number): number | undefined {
  let bytes = 0
  for (const pid of familyOf(root)) {
    const pages = read(`/proc/${pid}/statm`)?.split(' ')[1]
    if (pages) bytes += Number(pages) * 4096
  }
  return bytes || undefined
}

/** What all processes in the same namespace as this one hold of their own: resident, and shared with no file. */
export function privateBytesOf(pid: number): number {
  const namespace = link(`/proc/${pid}/ns/pid`)
  let bytes = 0
  for (const each of pids()) {
    if (namespace === '' || link(`/proc/${each}/ns/pid`) !== namespace) continue
    const [, resident, shared] = (read(`/proc/${each}/statm`) ?? '').split(' ').map(Number)
    bytes += ((resident ?? 0) - (shared ?? 0)) * 4096
  }
  return bytes
}

/** An address that a process listens on, as far as the system tells. */
export interface Listener {
  address: string
  port: number
}

/** The TCP addresses on which a program, or a process that it started, listens. */
export function listenersOf(root: number): Listener[] {
  const inodes = new Set<string>()
  for (const pid of familyOf(root)) {
    for (const fd of list(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1]
      if (inode) inodes.add(inode)
    }
  }
  return [...listeningSockets('/proc/net/tcp', inodes), ...listeningSockets('/proc/net/tcp6', inodes)]
}

function listeningSockets(table: string, inodes: Set<string>): Listener[] {
  const listening = '0A'
  const found: Listener[] = []
  for (const line of (read(table) ?? '').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    const [local, state, inode] = [fields[1], fields[3], fields[9]]
    if (!local || state !== listening || !inode || !inodes.has(inode)) continue
    const [address = '', port = ''] = local.split(':')
    found.push({ address: readableAddress(address), port: Number.parseInt(port, 16) })
  }
  return found
}

function readableAddress(hex: string): string {
  if (/^0+$/.test(hex)) return hex.length === 8 ? '0.0.0.0' : '::'
  if (hex === '00000000000000000000000001000000') return '::1'
  if (hex.length !== 8) return 'an IPv6 address'
  return (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}

function pids(): number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

// A process may end between the listing and the look: then there is simply nothing to see.
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

function link(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}
