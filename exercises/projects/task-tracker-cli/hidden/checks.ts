import { type Evidence, type Run, SolutionFailure } from 'learn-backend/kit'

/** Ends the test: what the solution did is wrong. */
export function fail(message: string, evidence: Evidence): never {
  throw new SolutionFailure('wrong_answer', message, evidence)
}

export function expectShown(run: Run, description: string, why: string): void {
  if (loosely(description).test(printed(run))) return
  fail(why, { asked: commandOf(run), expected: `"${description}" on stdout or stderr`, got: outcomeOf(run) })
}

export function expectHidden(run: Run, description: string, why: string): void {
  if (!loosely(description).test(printed(run))) return
  fail(why, { asked: commandOf(run), expected: `no "${description}" on stdout or stderr`, got: outcomeOf(run) })
}

/** A list may capitalise and pad. */
function loosely(description: string): RegExp {
  return new RegExp(description.replaceAll(' ', '\\s+'), 'i')
}

/** Anything at all is printed. */
export function expectMessage(run: Run, why: string): void {
  if (printed(run) === '') fail(why, { asked: commandOf(run), expected: 'a message', got: outcomeOf(run) })
}

/** The ID is told as a word of its own. */
export function expectTold(run: Run, id: string, why: string): void {
  const pattern = new RegExp(`(?<![\\w-])${id.replace(/[^\w-]/g, '\\$&')}(?![\\w-])`)
  if (pattern.test(printed(run))) return
  fail(why, { asked: commandOf(run), expected: `ID: ${id}`, got: outcomeOf(run) })
}

/** Compares texts, and shows the lines that differ. */
export function expectSameLines(before: string, after: string, message: string, asked?: string): void {
  if (after === before) return
  const missing = linesOnlyIn(before, after)
  const added = linesOnlyIn(after, before)
  fail(message, {
    asked,
    expected: missing ? `as before: ${missing}` : 'nothing new',
    got: added || `without ${missing}`,
  })
}

function linesOnlyIn(text: string, other: string): string {
  const known = other.split('\n')
  return text
    .split('\n')
    .filter((line) => !known.includes(line))
    .join('\n')
}

/** The ID that an `add` tells, best after the word ID, else the first number. */
export function toldId(run: Run): string | undefined {
  const text = printed(run)
  return /\bid\b\W*([\w-]+)/i.exec(text)?.[1] ?? /(?<![\w.])\d+(?![\w.])/.exec(text)?.[0]
}

export function printed(run: Run): string {
  // oxlint-disable-next-line no-control-regex
  return (run.stdout + run.stderr).replace(/\x1b\[[\d;]*m/g, '').trim()
}

/** Traces as Node, Python, Go, the JVM, .NET, Ruby, PHP and Rust print them. */
const stackTrace =
  /^\s+at .+[:(].*\d|^Traceback \(most recent call last\)|^panic: |^goroutine \d+ |^Exception in thread|^Unhandled exception|^\S+:\d+:in |Stack trace:|panicked at /m

/** An error that nobody caught ended the program. */
export function crashed(run: Run): boolean {
  return run.signal !== null || (run.exitCode !== 0 && hasStackTrace(run))
}

export function hasStackTrace(run: Run): boolean {
  return stackTrace.test(printed(run))
}

/** What "Exit codes" says about a command that can't be done. */
export function expectRefusal(run: Run, what: string): void {
  const refuse = (why: string, expected: string) =>
    fail(`${what} ${why}`, { asked: commandOf(run), expected, got: outcomeOf(run) })
  if (run.signal !== null) refuse('ended the program by a signal', 'an exit code other than 0')
  if (run.exitCode === 0) refuse('must end with an exit code other than 0', 'an exit code other than 0')
  if (hasStackTrace(run)) refuse('made the program crash, and the user saw a stack trace', 'a short message on stderr')
  if (run.stderr.trim() === '') refuse('must be explained on stderr', 'a short message on stderr')
  if (run.stdout.trim() !== '')
    refuse('must leave stdout empty: the next program in a pipe reads it', 'nothing on stdout')
}

/** What worked ends with exit code 0. */
export function expectSuccess(run: Run, why: string): void {
  if (run.exitCode !== 0) fail(why, { asked: commandOf(run), expected: 'exit code 0', got: outcomeOf(run) })
}

export function commandOf(run: Run): string {
  return `$ task-cli ${run.args.map((arg) => (/^[\w-]+$/.test(arg) ? arg : JSON.stringify(shortened(arg)))).join(' ')}`
}

/** Exit code and output, as a learner would see them. */
function outcomeOf(run: Run): string {
  const streams = (['stdout', 'stderr'] as const).map((name) => {
    const lines = run[name].trimEnd().split('\n').slice(0, 12)
    return lines.join('') === '' ? '' : `${name}: ${lines.map((line) => line.slice(0, 240)).join('\n        ')}`
  })
  return [run.signal ? `ended by ${run.signal}` : `exit code ${run.exitCode}`, ...streams].filter(Boolean).join('\n')
}

/** One line: the command and its outcome. */
export function describe(run: Run): string {
  const outcome = run.signal ? `ended by ${run.signal}` : `exit code ${run.exitCode}`
  return `${commandOf(run)}  →  ${outcome}, ${shortened(printed(run).replace(/\s*\n\s*/g, ' | ')) || 'no output'}`
}

function shortened(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}
