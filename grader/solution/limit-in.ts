import type { LimitHit } from '../isolation/isolation.ts'
import type { Exit } from './program.ts'

/** What runtimes say when they get no more of something. */
const words: [RegExp, LimitHit['limit'], string][] = [
  [
    /heap out of memory|FatalProcessOutOfMemory|OutOfMemoryError|MemoryError|runtime: out of memory|Cannot allocate memory|ENOMEM/,
    'memory',
    'it ran out of memory',
  ],
  [
    /can't start new thread|unable to create (?:new )?native thread|failed to create new OS thread|EAGAIN|Resource temporarily unavailable/,
    'processes',
    'it started too many processes or threads',
  ],
  [/ENOSPC|No space left on device|EFBIG|File too large/, 'disk', 'it wrote more than fits'],
  [/EMFILE|Too many open files/, 'files', 'it opened too many files'],
]

/** The limit that ended a program: told by the signal, else by its last words. Undefined when it ended otherwise. */
export function limitIn({ code, signal }: Pick<Exit, 'code' | 'signal'>, lines: string[]): LimitHit | undefined {
  if (signal === 'SIGXCPU') return { limit: 'cpu', message: 'it used more processor time than it may' }
  if (signal === 'SIGXFSZ') return { limit: 'disk', message: 'it wrote a larger file than it may' }
  if (code === 0) return undefined
  const text = lines.join('\n')
  const found = words.find(([pattern]) => pattern.test(text))
  return found && { limit: found[1], message: found[2] }
}
