import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Cleans up when the grader can't: a tiny shell that waits for the end of its standard input, which closes
 * however the grader dies (`kill -9` included), and then kills what is still registered, whatever else carries
 * the run's mark in its environment, and the run's scratch folder.
 */
export interface Janitor {
  /** A process group was started. @param endSignal goes to its leader before it is killed */
  watch(group: number, endSignal?: NodeJS.Signals): void
  /** A module of ours to run at the end, with the run's id and folder as arguments. */
  reapWith(module: string): void
  /** An empty folder to remove at the end. */
  removeAtEnd(folder: string): void
  /** A process group is known to be gone: its number may be used again by others. */
  release(group: number): void
  /** There is nothing left to do: sends it home. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The environment variable that marks every process of a run. */
export const runMark = 'LEARN_BACKEND_RUN'

// A plain POSIX shell starts in 2 ms where Node needs 40: it must be there before the solution is.
// Escaped processes (setsid, double fork) are found by their environment, twice because they may be forking; not all of
// them: some servers write their title over it. No `--` before a group's number: dash does not know it.
const script = `
trap '' INT TERM HUP QUIT
groups=' '
gentle=''
reaper=''
folders=''
while read -r verb group; do
  case $verb in
    watch) groups="$groups$group " ;;
    end) gentle="$gentle $group" ;;
    reap) reaper=$group ;;
    remove) folders="$group $folders" ;;
    done) exit 0 ;;
    release) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for each in $gentle; do
  case $groups in *" \${each%=*} "*) ;; *) continue ;; esac
  kill -"\${each#*=}" "\${each%=*}" 2>/dev/null
  for round in 1 2 3 4 5 6 7 8 9 10; do kill -0 "\${each%=*}" 2>/dev/null && sleep 0.05; done
done
for group in $groups; do kill -9 "-$group" 2>/dev/null; done
if [ "$1" != "" ] && [ -r /proc/self/environ ]; then
  for round in 1 2; do
    for file in $(grep -ls "${runMark}=$1" /proc/[0-9]*/environ 2>/dev/null); do
      pid=\${file#/proc/}; pid=\${pid%/environ}
      case $pid in $$|self) ;; *) kill -9 "$pid" 2>/dev/null ;; esac
    done
  done
fi
if [ "$reaper" != "" ]; then "$3" "$reaper" "$1" "$2"; fi
case $2 in
  */learn-backend-run-*)
    rm -rf -- "$2"
    # Where processes can't be found by their mark, one may have written meanwhile.
    if [ -e "$2" ]; then sleep 0.3; rm -rf -- "$2"; fi
    ;;
esac
# Control groups can go when the last process in them has.
for folder in $folders; do
  for round in 1 2 3 4 5 6 7 8 9 10; do rmdir "$folder" 2>/dev/null && break; [ -e "$folder" ] && sleep 0.1; done
done
`

/** Starts the janitor of a run. @param scratch the run's own folder, removed at the end */
export function startJanitor(runId: string, scratch: string): Janitor {
  const shell: ChildProcess = spawn(
    '/bin/sh',
    ['-c', script, 'learn-backend-janitor', runId, scratch, process.execPath],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      // Its own session: a Ctrl-C at the terminal must reach the grader only.
      detached: true,
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
    },
  )
  const ended = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve())
    shell.once('error', () => resolve())
  })
  // A janitor that was killed must not take the grader with it (EPIPE).
  shell.stdin?.on('error', () => {})
  shell.unref()
  ;(shell.stdin as unknown as { unref?: () => void } | null)?.unref?.()
  const tell = (line: string) => void shell.stdin?.write(`${line}\n`)
  return {
    watch(group, endSignal) {
      tell(`watch ${group}`)
      if (endSignal) tell(`end ${group}=${endSignal.slice(3)}`)
    },
    reapWith: (module) => tell(`reap ${module}`),
    removeAtEnd: (folder) => tell(`remove ${folder}`),
    release: (group) => tell(`release ${group}`),
    async [Symbol.asyncDispose]() {
      shell.ref()
      tell('done')
      shell.stdin?.end()
      await ended
    },
  }
}
