import type { Report, ReportStep, ReportTest } from '../../grader/index.ts'
import { type Layout, layoutFor } from '../layout.ts'
import type { Terminal } from '../terminal.ts'
import { markDifference } from './mark-difference.ts'
import type { ReportOptions } from './reporter.ts'

/** What every line is made with. */
type Page = Terminal & Layout

/** A report for the person who wrote the solution. */
export async function terminalReport(report: Report, { terminal: target, all }: ReportOptions): Promise<string> {
  const { exercise, toolchain, seed } = report
  const terminal: Page = { ...target, ...(await layoutFor(textsOf(report), target.width - indent)) }
  const lines = [
    spread(
      `${terminal.bold(exercise.id)} · ${toolchain.name} · ${toolchain.version}`,
      terminal.dim(`seed ${seed}`),
      terminal,
    ),
  ]
  if (report.message) lines.push(...general(report, terminal))
  const shown = new Set<string>()
  for (const step of visibleSteps(report)) {
    lines.push(stepLine(step, report, terminal))
    const failed = step.tests.filter((test) => test.status === 'failed')
    for (const test of all ? failed : failed.slice(0, 1)) {
      const reason = JSON.stringify([test.cause, test.message])
      // A program that never starts fails every step in the same way: once is enough.
      if (test.cause && shown.has(reason)) lines.push(row('', 'the same as above', terminal))
      else lines.push(...testLines(test, step, terminal))
      shown.add(reason)
    }
    if (!all && failed.length > 1)
      lines.push(
        row('', `${count(failed.length - 1, 'more test')} failed in this step; --keep-going shows all`, terminal),
      )
  }
  lines.push(summary(report, terminal))
  return `${lines.join('\n')}\n`
}

/** Everything in a report that may be long, or in any script. */
function textsOf({ message = '', evidence = {}, steps }: Report): string[] {
  const tests = steps.flatMap((step) => step.tests).filter((test) => test.status === 'failed')
  const evidences = [evidence, ...tests.map((test) => test.evidence ?? {})]
  const titles = [...steps.map((step) => step.title), ...tests.flatMap((test) => [test.title, test.message ?? ''])]
  return [
    message,
    ...titles,
    ...evidences.flatMap((known) =>
      Object.values(known)
        .flat()
        .filter((text) => text !== undefined),
    ),
  ]
}

/** Steps that were asked for: of the others no test is reported. */
function visibleSteps(report: Report): ReportStep[] {
  if (report.status === 'errored' || report.cause === 'build_failed') return []
  return report.steps.filter((step) => step.tests.length > 0)
}

function general(report: Report, terminal: Page): string[] {
  const lines = [`${terminal.red('✖')} ${report.message ?? ''}`]
  lines.push(...evidenceRows(report.evidence ?? {}, terminal))
  return lines
}

function stepLine(step: ReportStep, report: Report, terminal: Page): string {
  const idWidth = Math.max(...report.steps.map(({ id }) => id.length)) + 2
  const titleWidth = Math.max(...report.steps.map(({ title }) => terminal.widthOf(title))) + 2
  const id = step.id.padEnd(idWidth)
  if (step.status === 'skipped')
    return terminal.dim(
      `○ ${id}${step.needs ? `needs ${step.needs}` : (step.tests.find((test) => test.message)?.message ?? 'not run')}`,
    )
  const symbol = step.status === 'passed' ? terminal.green('✔') : terminal.red('✖')
  const points = `${step.points.earned}/${step.points.possible}`.padStart(5)
  const time = `${Math.round(step.ms)} ms`.padStart(9)
  const room = Math.max(10, Math.min(titleWidth, terminal.width - idWidth - points.length - time.length - 2))
  return `${symbol} ${terminal.bold(id)}${fit(step.title, room, terminal)}${points}${terminal.dim(time)}`
}

function testLines(test: ReportTest, step: ReportStep, terminal: Page): string[] {
  const { evidence = {} } = test
  const lines = [row('test', test.title, terminal)]
  if (explains(test)) lines.push(row('why', test.message ?? '', terminal))
  lines.push(...evidenceRows(evidence, terminal))
  lines.push(row('read', `README.md, ${step.section} · npx learn-backend hint`, terminal))
  return lines
}

/** A message that only repeats "expected this, got that" says nothing that the rows below it don't. */
function explains({ message, cause, evidence }: ReportTest): boolean {
  if (!message) return false
  return cause !== undefined || !evidence?.expected || !message.startsWith(`expected ${evidence.expected}`)
}

type Evidence = NonNullable<ReportTest['evidence']>

function evidenceRows(evidence: Evidence, terminal: Page): string[] {
  const { asked, sent, expected, got, notes = [], conversation = [], stack = [], log = [], replay } = evidence
  const lines: string[] = []
  if (asked) lines.push(row('asked', asked, terminal))
  if (sent) lines.push(row('sent', sent, terminal))
  if (expected) lines.push(row('expected', expected, terminal))
  if (got) lines.push(row('got', got, terminal))
  const marks =
    expected && got
      ? markDifference({ expected, got, room: terminal.width - indent, widthOf: terminal.widthOf })
      : undefined
  if (marks) lines.push(terminal.red(row('', marks, terminal)))
  for (const note of notes) lines.push(row('note', note, terminal))
  if (conversation.length > 0) lines.push(row('services', conversation.join('\n'), terminal))
  if (stack[0]) lines.push(row('at', stack.slice(0, 3).join(' · '), terminal))
  if (log.length > 0) lines.push(row('log', log.map((line) => `| ${line}`).join('\n'), terminal))
  if (replay) lines.push(row('replay', replay, terminal))
  return lines
}

function summary(report: Report, terminal: Page): string {
  const asked = report.steps.filter((step) => step.tests.length > 0)
  const steps = asked.length > 0 ? asked : report.steps
  const sum = (key: 'earned' | 'possible') => steps.reduce((total, step) => total + step.points[key], 0)
  const passed = steps.filter((step) => step.status === 'passed').length
  const colour = report.status === 'passed' ? terminal.green : terminal.red
  const text = `${sum('earned')} of ${sum('possible')} points · ${passed} of ${count(steps.length, 'step')} · ${(report.ms / 1000).toFixed(1)} s`
  return colour(terminal.bold(text))
}

/** Columns before the text of a row: four, the label, and a space. */
const indent = 14

/** A labelled piece of text, wrapped under itself. */
function row(label: string, text: string, terminal: Page): string {
  const width = Math.max(20, terminal.width - indent)
  const wrapped = terminal.wrap(text, width).split('\n')
  const head = `    ${terminal.dim(label.padEnd(indent - 5))} `
  return wrapped.map((line, index) => `${index === 0 ? head : ' '.repeat(indent)}${line}`).join('\n')
}

function spread(left: string, right: string, { width, widthOf }: Page): string {
  const gap = Math.min(width, 100) - widthOf(left) - widthOf(right)
  return gap < 2 ? `${left}\n${right}` : `${left}${' '.repeat(gap)}${right}`
}

function fit(text: string, width: number, { widthOf }: Page): string {
  const excess = widthOf(text) - width
  return excess > 0 ? `${text.slice(0, width - 1)}…` : text + ' '.repeat(-excess)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
