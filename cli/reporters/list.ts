import type { ExerciseState } from '../../grader/index.ts'
import { hanging } from '../hanging.ts'
import { layoutFor } from '../layout.ts'
import type { Terminal } from '../terminal.ts'
import { whatToType } from '../what-to-type.ts'

/** A course as `list --json` prints it. */
export interface CourseList {
  course: { id: string; title: string }
  topics: { id: string; title: string; exercises: ExerciseState[] }[]
  /** Exercises that can't be used because of mistakes in them. */
  invalid: string[]
}

export async function listText({ course, topics, invalid }: CourseList, terminal: Terminal): Promise<string> {
  const all = topics.flatMap(({ exercises }) => exercises)
  const idWidth = Math.max(0, ...all.map(({ id }) => id.length))
  const lines = [terminal.bold(course.title)]
  for (const { id, title, exercises } of topics) {
    lines.push('', `${terminal.bold(title)} · ${id}`)
    if (exercises.length === 0) lines.push(terminal.dim('  no exercises yet'))
    for (const exercise of exercises) lines.push(exerciseLine(exercise, idWidth, terminal))
  }
  const closing = [`To start one, type: ${whatToType('next <exercise>')}`]
  if (invalid.length > 0)
    closing.unshift(
      `Not usable because of mistakes in them: ${invalid.join(', ')} (${whatToType('doctor')} tells more)`,
    )
  const layout = await layoutFor(closing, terminal.width)
  for (const line of closing) lines.push('', hanging(line, { width: terminal.width, indent: 0, layout }))
  return `${lines.join('\n')}\n`
}

/** One exercise in one line, or in two on a narrow terminal; where there is little room the title is cut or left out. */
function exerciseLine(
  { id, title, status, points, minutes, languages }: ExerciseState,
  idWidth: number,
  terminal: Terminal,
): string {
  const width = terminal.interactive ? terminal.width : Number.POSITIVE_INFINITY
  const facts = [
    `${points.earned}/${points.possible} points`.padStart(15),
    `${minutes} min`.padStart(8),
    languages.join(' ').padEnd(5),
  ]
  const head = `  ${mark(status, terminal)} ${id.padEnd(idWidth)}`
  const room = width - 12 - idWidth - facts.join('  ').length
  if (room < 0) return `${head.trimEnd()}\n      ${terminal.dim(facts.map((fact) => fact.trim()).join(' · '))}`
  return `${head}${terminal.dim(facts.join('  '))}${room >= 10 ? `  ${cut(title, room - 2)}` : ''}`
}

/** A word of eight columns, with a sign before it that says the same. */
function mark(status: ExerciseState['status'], { green, yellow, dim }: Terminal): string {
  if (status === 'passed') return green('✔ passed ')
  return status === 'started' ? yellow('… started') : dim('○ open   ')
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text
}
