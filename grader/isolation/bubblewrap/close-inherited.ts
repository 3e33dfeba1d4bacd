import { closeSync, readdirSync, readFileSync } from 'node:fs'

/**
 * Closes what this process got from whoever started the grader: Node marks only the first descriptors as its own, all
 * others would go on to every program that it starts, hostile ones included.
 */
export function closeInherited(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) if (fd > 2 && isInherited(fd)) closeSync(fd)
}

/** Whether a program that this process starts would get it; never so for one that Node has opened. */
function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0'
    return (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch {
    // The folder's own, closed by now.
    return false
  }
}

/** O_CLOEXEC. */
const closeOnExec = 0o2000000
