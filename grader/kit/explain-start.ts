import { type Listener, listenersOf } from '../solution/processes.ts'
import type { Program } from '../solution/program.ts'
import type { ListeningOutcome } from '../solution/wait-until-listening.ts'
import { type Evidence, SolutionFailure } from './evidence.ts'
import { lastWords, ownFrames, readableLog } from './readable-log.ts'

interface FailedStart {
  outcome: Exclude<ListeningOutcome, 'listening'>
  program: Program
  port: number
  deadline: number
  folder: string
}

/** Why a program did not open its port: it ended, listens elsewhere, or is too slow. */
export function explainStart({ outcome, program, port, deadline, folder }: FailedStart): SolutionFailure {
  const lines = program.output.lastLines(40)
  const evidence: Evidence = {
    asked: `start with PORT=${port}`,
    expected: `it listens on 127.0.0.1:${port} within ${deadline} ms`,
    log: lastWords(readableLog(lines, folder), 12),
    stack: ownFrames(lines, folder),
  }
  if (program.flooded) {
    return new SolutionFailure('flooded', 'The program was stopped because it printed endlessly before it listened.', {
      ...evidence,
      got: `${program.output.totalBytes} bytes of output`,
      log: readableLog(lines, folder).slice(-3),
    })
  }
  if (outcome === 'exited') return explainExit(program, evidence, lines)
  const elsewhere = listenersOf(program.root)
  return new SolutionFailure('never_listened', `Port ${port} was not opened within ${deadline} ms.`, {
    ...evidence,
    got: describeListeners(elsewhere),
    notes: adviceFor(elsewhere, port),
  })
}

function explainExit(program: Program, evidence: Evidence, lines: string[]): SolutionFailure {
  const { code, signal, ms = 0 } = program.exit ?? {}
  const end = signal ? `was ended by ${signal}` : `exited with code ${code}`
  if (code === 0) {
    return new SolutionFailure('never_listened', 'The program ended by itself before it listened.', {
      ...evidence,
      got: `it exited with code 0 after ${Math.round(ms)} ms`,
      notes: ['A server keeps running: does the program call listen(), and does it reach that line?'],
    })
  }
  const busy = lines.some((line) => line.includes('EADDRINUSE') || line.includes('Address already in use'))
  return new SolutionFailure('crashed', `The program crashed before it listened: it ${end}.`, {
    ...evidence,
    got: `it ${end} after ${Math.round(ms)} ms`,
    notes: busy ? ['The port is taken: listen on the one that PORT names, not on a fixed one.'] : undefined,
  })
}

function describeListeners(listeners: Listener[]): string {
  if (listeners.length === 0) return 'it is running and listens on no port'
  return `it listens on ${listeners.map(({ address, port }) => `${address}:${port}`).join(' and ')}`
}

function adviceFor(listeners: Listener[], port: number): string[] {
  if (listeners.length === 0) return ['Does the program reach its listen() call?']
  if (listeners.some((listener) => listener.port === port)) {
    return ['It listens on the right port but on another address: use 127.0.0.1 or 0.0.0.0.']
  }
  return ['It listens on another port: take the number from the environment variable PORT.']
}
