import type { Evidence } from './evidence.ts'

/** A source of log lines: remembers where the current test began. */
interface LogSource {
  /** The program's log since the test began, made readable; empty when it does not help. */
  lines(): string[]
  /** The learner's own lines of code that stand in it, innermost first. */
  frames?(): string[]
}

/** Collects what happens during one test, so that any assertion that fails can show it. */
export class Recorder {
  #last: Evidence | undefined
  #notes: string[] = []
  #logs = new Set<LogSource>()

  begin(): void {
    this.#last = undefined
    this.#notes = []
    this.#logs.clear()
  }

  /** The latest thing that was asked of the solution. */
  record(exchange: Evidence): void {
    this.#last = exchange
  }

  note(text: string): void {
    this.#notes.push(text)
  }

  follow(source: LogSource): void {
    this.#logs.add(source)
  }

  evidence(): Evidence {
    const log = [...this.#logs].flatMap((source) => source.lines()).slice(-8)
    const stack = [...this.#logs].flatMap((source) => source.frames?.() ?? []).slice(0, 4)
    return {
      ...(stack.length > 0 ? { stack } : {}),
      ...this.#last,
      ...(this.#notes.length > 0 ? { notes: [...this.#notes] } : {}),
      ...(log.length > 0 ? { log } : {}),
    }
  }
}
