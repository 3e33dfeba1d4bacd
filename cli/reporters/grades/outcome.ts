import type { Cause, Grades, Report, ReportStep, ReportTest, Submission } from '../../../grader/index.ts'
import { plainLine } from './plain-text.ts'

export type Evidence = NonNullable<ReportTest['evidence']>
type Points = Report['points']

/** Something that went wrong: a test, or the solution as a whole. */
export interface Failure {
  step?: ReportStep
  test?: ReportTest
  message: string
  evidence: Evidence
}

const causes: Record<Cause, string> = {
  never_listened: 'never listened',
  crashed: 'crashed',
  timeout: 'timeout',
  out_of_memory: 'out of memory',
  resource_limit: 'resource limit',
  build_failed: 'does not build',
  refused: 'refused',
  environment: 'environment',
  exercise: 'fault of the exercise',
  internal: 'bug of the grader',
}

/** Everything that went wrong in a grading, in its order. */
export function failuresOf(report: Report): Failure[] {
  if (report.status === 'passed') return []
  const failures: Failure[] = report.steps.flatMap((step) =>
    step.tests
      .filter((test) => test.status === 'failed')
      .map((test) => ({ step, test, message: test.message ?? test.title, evidence: test.evidence ?? {} })),
  )
  const { message, evidence = {} } = report
  if (message === undefined && failures.length > 0) return failures
  return [{ message: message ?? `The grading ${report.status}.`, evidence }, ...failures]
}

/** Why a solution failed, in a word or two: `out of memory`, `resource limit: processes`; else its status. */
export function verdictOf(report: Report): string {
  if (report.status === 'passed') return 'passed'
  const test = failuresOf(report)[0]?.test
  const cause = report.cause ?? test?.cause
  const limit = report.limit ?? test?.limit
  if (!cause) return report.status
  return cause === 'resource_limit' && limit ? `${causes[cause]}: ${limit}` : causes[cause]
}

/** Whose it is and what it is about, as one line. */
export function nameOf({ learner, exercise }: Submission): string {
  return [learner, exercise]
    .filter((part) => part !== undefined)
    .map((part) => plainLine(part))
    .join(' · ')
}

/** `earned/possible` */
export function pointsOf({ earned, possible }: Points): string {
  return `${earned}/${possible}`
}

/** Whole percent, rounded down: 100 is everything. */
export function percentOf({ earned, possible }: Points): number {
  return possible === 0 ? 100 : Math.floor((100 * earned) / possible)
}

/** Submissions that earned everything. */
export function passedIn(grades: Grades): number {
  return grades.submissions.filter(({ report }) => report.status === 'passed').length
}

/** The sum of everything, e.g. `17/30 points (56 %) · 1 of 3 passed · 2.1 s`. */
export function sumOf(grades: Grades): string {
  const { points, submissions, ms } = grades
  return `${pointsOf(points)} points (${percentOf(points)} %) · ${passedIn(grades)} of ${submissions.length} passed · ${seconds(ms, 1)} s`
}

/** How the solutions were confined, and what held each limit. */
export function confinementOf({ isolation }: Grades): string {
  return [`Isolation: ${isolation.mechanism}`, ...isolation.limits].map((part) => plainLine(part)).join(' · ')
}

export function seconds(ms: number, digits: number): string {
  return (Math.max(0, ms) / 1000).toFixed(digits)
}

/** What was seen, as labelled texts in the order in which one reads them. */
export function evidenceRows(evidence: Evidence): { label: string; text: string }[] {
  const { asked, sent, expected, got, notes = [], conversation = [], stack = [], log = [], replay } = evidence
  const rows: [string, string | undefined][] = [
    ['asked', asked],
    ['sent', sent],
    ['expected', expected],
    ['got', got],
    ...notes.map((note): [string, string] => ['note', note]),
    ['services', conversation.join('\n')],
    ['at', stack.slice(0, 3).join('\n')],
    ['log', log.join('\n')],
    ['replay', replay],
  ]
  return rows.flatMap(([label, text]) => (text ? [{ label, text }] : []))
}

/** {@link evidenceRows} as indented text. */
export function evidenceText(rows: { label: string; text: string }[]): string {
  return rows.map(({ label, text }) => `${label.padEnd(9)} ${text.replaceAll('\n', `\n${' '.repeat(10)}`)}`).join('\n')
}
