import type { Grades, Submission } from '../../../grader/index.ts'
import { hanging } from '../../hanging.ts'
import { type Layout, layoutFor } from '../../layout.ts'
import type { Terminal } from '../../terminal.ts'
import type { GradeFormat } from './format.ts'
import { confinementOf, failuresOf, pointsOf, sumOf, verdictOf } from './outcome.ts'
import { plainGrades, plainLine, withoutCommands } from './plain-text.ts'

type Page = Terminal & Layout

/** For a person at a terminal or before a log: a line per submission, and why the failed ones failed. */
export const terminalGrades: GradeFormat = {
  description: 'a line for each submission, and why it failed',
  async render(received, { terminal, target }) {
    const grades = plainGrades(received)
    const text = await page(grades, target === undefined ? terminal : colourless(terminal))
    return [{ ...(target !== undefined && { file: target }), text }]
  },
}

interface Row {
  learner: string
  exercise: string
  points: string
  verdict: string
  why?: string
}

async function page(grades: Grades, target: Terminal): Promise<string> {
  const rows = grades.submissions.map(rowOf)
  const sum = sumOf(grades)
  const confinement = confinementOf(grades)
  // One column stays free for the space that keeps a line from being a command.
  const width = target.width - 1
  const texts = [...rows.flatMap((row) => Object.values(row) as string[]), sum, confinement]
  const terminal: Page = { ...target, width, ...(await layoutFor(texts, Math.max(20, width - 4))) }
  const columns = columnsFor(rows, terminal)
  const lines = rows.flatMap((row) => rowLines(row, columns, terminal))
  const passed = grades.submissions.every(({ report }) => report.status === 'passed')
  const wrapped = (text: string) => hanging(text, { width, indent: 0, layout: terminal })
  lines.push((passed ? terminal.green : terminal.red)(terminal.bold(wrapped(sum))), terminal.dim(wrapped(confinement)))
  return withoutCommands(`${lines.join('\n')}\n`)
}

function rowOf({ learner = '', exercise, report }: Submission): Row {
  const [failure] = failuresOf(report)
  const row = {
    learner: plainLine(learner),
    exercise: plainLine(exercise),
    points: pointsOf(report.points),
    verdict: verdictOf(report),
  }
  if (!failure) return row
  const where = [failure.step?.id, failure.test?.title].filter((part) => part !== undefined)
  const message = failure.message === failure.test?.title ? [] : [failure.message]
  return { ...row, why: plainLine([where.join(' · '), ...message].filter(Boolean).join(': '), 500) }
}

type Columns = Record<'learner' | 'exercise' | 'points' | 'verdict', number>

/** Names get what the figures leave of a line; when that is little, the verdict goes below. */
function columnsFor(rows: Row[], { widthOf, width }: Page): Columns {
  const widest = (key: keyof Columns) => Math.max(0, ...rows.map((row) => widthOf(row[key])))
  const [learner, exercise, points, verdict] = [
    widest('learner'),
    widest('exercise'),
    widest('points'),
    widest('verdict'),
  ]
  // The mark, and two spaces behind each column.
  const room = width - 2 - points - 4
  const beside = Math.min(learner, 16) + Math.min(exercise, 16) + verdict + 2 <= room
  const names = beside ? room - verdict - 2 : room
  const half = Math.max(4, Math.floor(names / 2))
  const first = Math.min(learner, Math.max(half, names - exercise), Math.max(4, names - 4))
  return {
    learner: first,
    exercise: Math.min(exercise, Math.max(4, names - first)),
    points,
    verdict: beside ? verdict : 0,
  }
}

function rowLines(row: Row, columns: Columns, terminal: Page): string[] {
  const failed = row.why !== undefined
  const names = [
    ...(columns.learner > 0 ? [terminal.bold(fit(row.learner, columns.learner, terminal))] : []),
    fit(row.exercise, columns.exercise, terminal),
    row.points.padStart(columns.points),
  ]
  const mark = failed ? terminal.red('✖') : terminal.green('✔')
  const verdict = failed ? terminal.red(row.verdict) : ''
  const beside = failed && columns.verdict > 0 ? `  ${verdict}` : ''
  const below = (text: string) => `    ${hanging(text, { width: terminal.width, indent: 4, layout: terminal })}`
  return [
    `${mark} ${names.join('  ')}${beside}`,
    ...(failed && columns.verdict === 0 ? [below(verdict)] : []),
    ...(row.why ? [below(row.why)] : []),
  ]
}

/** Exactly so many columns. */
function fit(text: string, width: number, { widthOf }: Page): string {
  if (widthOf(text) <= width) return text + ' '.repeat(width - widthOf(text))
  let kept = ''
  for (const character of text) {
    if (widthOf(kept + character) > width - 1) break
    kept += character
  }
  return `${kept}…${' '.repeat(Math.max(0, width - 1 - widthOf(kept)))}`
}

function colourless(terminal: Terminal): Terminal {
  const plain = (text: string) => text
  return { ...terminal, green: plain, red: plain, yellow: plain, cyan: plain, dim: plain, bold: plain }
}
