import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import type { Exit } from './program.ts'

/** What a sandbox says of itself. */
interface SandboxStatus {
  /** Its first process, as we see it; undefined when it was never made. */
  firstProcess: Promise<number | undefined>
  /** The command was never run, or its end was not seen. */
  readonly failed: boolean
}

/** Reads the lines of JSON that bubblewrap writes with `--json-status-fd`. */
export function readSandboxStatus(stream: Readable): SandboxStatus {
  let text = ''
  let ended = false
  const firstProcess = new Promise<number | undefined>((resolve) => {
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      const pid = /"child-pid": (\d+)/.exec(text)?.[1]
      if (pid) resolve(Number(pid))
      ended ||= text.includes('"exit-code"')
    })
    stream.once('close', () => resolve(undefined))
    stream.once('error', () => resolve(undefined))
  })
  return {
    firstProcess,
    get failed() {
      return !ended
    },
  }
}

/** Signals that a virtual machine handles by itself: it ends in order, with a code that looks as if it had been killed. */
const handled = new Set(['SIGHUP', 'SIGINT', 'SIGTERM'])

/**
 * The end of a program as its sandbox tells it: a signal is 128 and its number, as in a shell.
 * @param handlesSignals its runtime ends with such a code by itself
 */
export function exitInside(
  code: number | null,
  signal: string | null,
  handlesSignals = false,
): Pick<Exit, 'code' | 'signal'> {
  const name = code === null ? undefined : signals.get(code - 128)
  return name && !(handlesSignals && handled.has(name)) ? { code: null, signal: name } : { code, signal }
}

// Some numbers have two names, and the usual one comes first: SIGABRT, not SIGIOT.
const signals = new Map(
  Object.entries(constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name]),
)
