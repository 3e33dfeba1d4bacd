import { expect } from 'vitest'
import type { Run } from './cli.ts'
import type { Evidence } from './evidence.ts'
import { type Answer, exchangeOf } from './answer.ts'
import { describeAnswer, describeText } from './http-text.ts'
import { inOrderOf, jsonText } from './json-text.ts'

interface Verdict {
  pass: boolean
  message: () => string
  /** Travels with the failed assertion into the report. */
  meta: { evidence: Evidence; claim: string }
}

interface MatcherState {
  isNot?: boolean | undefined
  equals(actual: unknown, expected: unknown, testers?: unknown[]): boolean
}

/** Matchers that explain themselves with the whole exchange. */
interface KitMatchers<R> {
  /** The status, and the body: a JSON value (deep equality) or a plain text. */
  toAnswer(status: number, body?: unknown): R
  toHaveStatus(status: number | readonly number[]): R
  /** The header is there, and has this value or matches. */
  toHaveHeader(name: string, value?: string | RegExp): R
  toHaveJson(value: unknown): R
  toContainJson(subset: unknown): R
  /** Milliseconds from the request to the last byte of the answer, or of a run. */
  toTakeAtMost(ms: number): R
  toTakeAtLeast(ms: number): R
  /** Exit code 0. */
  toSucceed(): R
  /** An exit code other than 0. */
  toFail(): R
  toExitWith(code: number): R
  toPrint(text: string | RegExp, stream?: 'stdout' | 'stderr' | 'any'): R
}

declare module 'vitest' {
  // eslint-disable-next-line typescript/no-explicit-any, typescript/no-empty-object-type -- the shape that vitest asks for
  interface Matchers<T = any> extends KitMatchers<T> {}
}

interface Claim {
  state: MatcherState
  subject: object
  pass: boolean
  expected: string
  got: string
}

function verdict({ state, subject, pass, expected, got }: Claim): Verdict {
  const wanted = state.isNot ? `not ${expected}` : expected
  const message = `expected ${wanted}, got ${got.split('\n')[0]}`
  return {
    pass,
    message: () => message,
    meta: { evidence: { ...exchangeOf.get(subject), expected: wanted, got }, claim: message },
  }
}

function parse(answer: Answer): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(answer.text) }
  } catch {
    return undefined
  }
}

expect.extend({
  toAnswer(this: MatcherState, answer: Answer, status: number, body?: unknown): Verdict {
    const right = answer.status === status
    if (body === undefined) {
      return verdict({
        state: this,
        subject: answer,
        pass: right,
        expected: String(status),
        got: describeAnswer(answer),
      })
    }
    if (typeof body === 'string') {
      const expected = `${status} ${describeText(Buffer.from(body))}`
      return verdict({
        state: this,
        subject: answer,
        pass: right && answer.text === body,
        expected,
        got: describeAnswer(answer),
      })
    }
    const parsed = parse(answer)
    return verdict({
      state: this,
      subject: answer,
      pass: right && parsed !== undefined && this.equals(parsed.json, body),
      expected: `${status} ${jsonText(body)}`,
      got: parsed ? `${answer.status} ${shorten(jsonText(inOrderOf(body, parsed.json)))}` : describeAnswer(answer),
    })
  },
  toHaveStatus(this: MatcherState, answer: Answer, status: number | readonly number[]): Verdict {
    const allowed = [status].flat()
    return verdict({
      state: this,
      subject: answer,
      pass: allowed.includes(answer.status),
      expected: `status ${allowed.join(' or ')}`,
      got: `status ${describeAnswer(answer)}`,
    })
  },
  toHaveHeader(this: MatcherState, answer: Answer, name: string, value?: string | RegExp): Verdict {
    const actual = answer.headers[name.toLowerCase()]
    const matches =
      typeof value === 'string' ? actual === value : value instanceof RegExp ? value.test(actual ?? '') : true
    const wanted = value === undefined ? 'a value' : value instanceof RegExp ? `a value like ${value}` : value
    return verdict({
      state: this,
      subject: answer,
      pass: actual !== undefined && matches,
      expected: `${name}: ${wanted}`,
      got: actual === undefined ? `${answer.status} without a header ${name}` : `${name}: ${actual}`,
    })
  },
  toHaveJson(this: MatcherState, answer: Answer, value: unknown): Verdict {
    const parsed = parse(answer)
    return verdict({
      state: this,
      subject: answer,
      pass: parsed !== undefined && this.equals(parsed.json, value),
      expected: jsonText(value),
      got: parsed ? shorten(jsonText(inOrderOf(value, parsed.json))) : describeAnswer(answer),
    })
  },
  toContainJson(this: MatcherState, answer: Answer, subset: unknown): Verdict {
    const parsed = parse(answer)
    let pass = false
    try {
      expect(parsed?.json).toMatchObject(subset as object)
      pass = parsed !== undefined
    } catch {
      // Its message shows values, ours the exchange.
    }
    return verdict({
      state: this,
      subject: answer,
      pass,
      expected: `at least ${jsonText(subset)}`,
      got: parsed ? shorten(jsonText(inOrderOf(subset, parsed.json))) : describeAnswer(answer),
    })
  },
  toTakeAtMost(this: MatcherState, subject: Answer | Run, ms: number): Verdict {
    return verdict({
      state: this,
      subject,
      pass: subject.ms <= ms,
      expected: `done within ${Math.round(ms)} ms`,
      got: `done after ${Math.round(subject.ms)} ms`,
    })
  },
  toTakeAtLeast(this: MatcherState, subject: Answer | Run, ms: number): Verdict {
    return verdict({
      state: this,
      subject,
      pass: subject.ms >= ms,
      expected: `not done before ${Math.round(ms)} ms`,
      got: `done after ${Math.round(subject.ms)} ms`,
    })
  },
  toSucceed(this: MatcherState, run: Run): Verdict {
    return verdict({ state: this, subject: run, pass: run.exitCode === 0, expected: 'exit code 0', got: gotOf(run) })
  },
  toFail(this: MatcherState, run: Run): Verdict {
    return verdict({
      state: this,
      subject: run,
      pass: run.exitCode !== 0,
      expected: 'an exit code other than 0',
      got: gotOf(run),
    })
  },
  toExitWith(this: MatcherState, run: Run, code: number): Verdict {
    return verdict({
      state: this,
      subject: run,
      pass: run.exitCode === code,
      expected: `exit code ${code}`,
      got: gotOf(run),
    })
  },
  toPrint(
    this: MatcherState,
    run: Run,
    text: string | RegExp,
    stream: 'stdout' | 'stderr' | 'any' = 'stdout',
  ): Verdict {
    const printed = stream === 'any' ? run.stdout + run.stderr : run[stream]
    return verdict({
      state: this,
      subject: run,
      pass: typeof text === 'string' ? printed.includes(text) : text.test(printed),
      expected: `${typeof text === 'string' ? JSON.stringify(text) : `text like ${text}`} on ${stream === 'any' ? 'stdout or stderr' : stream}`,
      got: gotOf(run),
    })
  },
})

function gotOf(run: Run): string {
  return exchangeOf.get(run)?.got ?? `exit code ${run.exitCode}`
}

function shorten(text: string): string {
  return text.length > 1000 ? `${text.slice(0, 1000)}… (${text.length} characters)` : text
}
