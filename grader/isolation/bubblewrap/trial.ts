import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { howToInstall } from '../../how-to-install.ts'
import { findProgram } from '../../services/native/find-program.ts'
import type { PodMaker, PodTrial } from '../pod.ts'
import { tryPod } from '../try-pod.ts'
import { openPod } from './pod.ts'

interface BubblewrapSurroundings {
  /** Where bubblewrap is looked for. */
  hostEnvironment: Record<string, string | undefined>
}

/** Opens a pod and runs a program in a sandbox inside of it: a kernel may forbid either, whatever is installed. */
export async function tryBubblewrap({ hostEnvironment }: BubblewrapSurroundings): Promise<PodTrial> {
  const program = findProgram(['bwrap'], { places: [], path: hostEnvironment['PATH'] })
  const name = program && (await nameOf(program))
  if (program === undefined || name === undefined) {
    const packages = { apt: 'bubblewrap', dnf: 'bubblewrap', apk: 'bubblewrap', pacman: 'bubblewrap' }
    const remedy = process.platform === 'linux' ? howToInstall(packages) : 'bubblewrap exists for Linux only'
    return { ok: false, reason: 'bubblewrap (bwrap) is not installed', remedy }
  }
  const maker: PodMaker = { id: 'bubblewrap', name, open: (request) => openPod(request, { program, name }) }
  const reason = await tryPod(maker)
  if (reason === undefined) return { ok: true, maker }
  return { ok: false, reason: `${name} does not work here: ${reason}`, remedy: remedyFor(reason) }
}

async function nameOf(program: string): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(program, ['--version'])).stdout.trim()
  } catch {
    return undefined
  }
}

function remedyFor(reason: string): string {
  if (/user.?namespace|uid map|Creating new namespace|No permissions to create/i.test(reason)) {
    return process.getuid?.() === 0
      ? 'This container forbids namespaces: give it the rights (docker run --privileged), or grade outside of it'
      : 'This system forbids unprivileged user namespaces. Type: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 kernel.unprivileged_userns_clone=1 (or run the grader as root: sudo)'
  }
  if (/Cannot find module|EACCES|Permission denied/.test(reason))
    return 'Install learn-backend where every user may read it, e.g. with umask 022'
  return 'Look at what bubblewrap says; or use another isolation: --isolation docker'
}
