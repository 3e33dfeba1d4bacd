import type { ExerciseState } from '../../grader/index.ts'
import { hanging } from '../hanging.ts'
import { layoutFor } from '../layout.ts'
import type { Terminal } from '../terminal.ts'
import { whatToType } from '../what-to-type.ts'

interface Total {
  exercises: { passed: number; started: number; all: number }
  points: { earned: number; possible: number }
}

/** Where the learner stands, as `status --json` prints it. */
export interface CourseStatus extends Total {
  workspace: string
  course: { id: string; title: string }
  topics: ({ id: string; title: string } & Total)[]
  current: ExerciseState | null
  /** What to type. */
  next: string
}

export async function statusText(status: CourseStatus, terminal: Terminal): Promise<string> {
  const { course, topics, current } = status
  const titleWidth = Math.max(0, ...topics.map(({ title }) => title.length))
  const lines = [terminal.bold(course.title), '']
  for (const topic of topics) lines.push(`  ${topic.title.padEnd(titleWidth)}  ${describe(topic, terminal)}`)
  lines.push('', `  ${'in all'.padEnd(titleWidth)}  ${describe(status, terminal)}`, '')
  if (current) {
    const { id, points, failing, attempts } = current
    const state = current.status === 'passed' ? 'passed' : `${points.earned} of ${points.possible} points`
    lines.push(
      `Current exercise: ${terminal.bold(id)} · ${state} · ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    )
    if (failing) lines.push(`Failing step: ${failing.id}, ${failing.title} (${whatToType('hint')})`)
  } else {
    lines.push('No exercise has been started yet.')
  }
  lines.push(`Next, type: ${status.next}`)
  const layout = await layoutFor(lines, terminal.width)
  return `${lines.map((line) => hanging(line, { width: terminal.width, indent: 4, layout })).join('\n')}\n`
}

function describe({ exercises, points }: Total, { green, dim }: Terminal): string {
  const passed = `${exercises.passed} of ${exercises.all} passed`
  const text = exercises.passed === exercises.all ? green(passed) : passed
  const started = exercises.started > 0 ? `, ${exercises.started} started` : ''
  return `${text}${started}${dim(` · ${points.earned} of ${points.possible} points`)}`
}
