import { limitHit } from '../control-groups.ts'
import type { Command, Confined, Isolation } from '../isolation.ts'
import { childrenOf, familyOf, ownerOf } from '../../solution/processes.ts'
import { killHard } from '../../solution/run-scope.ts'
import { flags } from '../flags.ts'
import { limitWords } from '../limit-words.ts'
import type { DockerSettings } from '../pod-settings.ts'
import { watchProcesses } from './watch-processes.ts'

/**
 * Confines each program, inside of a container, to a user that nobody else is, without any right. The grader is root
 * there, and works as that user, too, wherever it can: what it writes for a solution must be the solution's own. It
 * stays out of that user's reach, because its real and its saved user are still root.
 */
export function unusedUser(pod: DockerSettings): Isolation {
  const { user, groups } = pod
  const processes = watchProcesses(groups.pids, pod.limits)
  process.setegid?.(user.gid)
  process.seteuid?.(user.uid)
  return {
    id: 'docker',
    description: pod.description,
    inPod: true,
    room: pod.room,
    programEnded() {
      processes.look()
      sweepOrphans(user.uid)
    },
    limitHit: () => limitHit(groups, pod) ?? processes.hit,
    confine: (command) => confine(command, pod),
  }
}

/** What lost its parent belongs to the container's first process then. */
function sweepOrphans(uid: number): void {
  for (const orphan of childrenOf(1).filter((pid) => ownerOf(pid) === uid))
    for (const member of familyOf(orphan)) killHard(member)
}

function confine(command: Command, pod: DockerSettings): Confined {
  const { uid } = pod.user
  const { file, args, cwd, env, role = 'solution' } = command
  const words = [
    // A shell takes its real user, root, for its effective one: only root can become somebody else for good. To become
    // root in this process would touch what its other threads are just writing.
    '-c',
    'exec "$0" "$@"',
    ...flags(`/usr/bin/setpriv --reuid=${uid} --regid=${uid} --clear-groups --no-new-privs`),
    ...flags('--bounding-set=-all --inh-caps=-all -- /bin/sh -c'),
    // When memory is short the solution goes, never the grader beside it.
    'echo 1000 > /proc/self/oom_score_adj; exec "$0" "$@"',
    ...limitWords(pod.limits, role, ['memory']),
  ]
  return { file: '/bin/sh', args: [...words, file, ...args], cwd, env: { ...env, HOME: '/tmp', TMPDIR: pod.room } }
}
