import { relative } from 'node:path'
import { type CourseCheck, describeProblem } from '../../grader/index.ts'
import type { Terminal } from '../terminal.ts'

/** The result of `author check` for an author. */
export function checkReport(check: CourseCheck, terminal: Terminal, cwd: string): string {
  const lines: string[] = []
  for (const exercise of check.exercises) {
    const good = exercise.problems.length === 0
    const facts = [
      `${exercise.tests} tests`,
      `${exercise.caught} of ${exercise.wrong} wrong solutions caught`,
      `${exercise.repeats} ${exercise.repeats === 1 ? 'run' : 'runs'} of the reference, the slowest ${(exercise.slowestMs / 1000).toFixed(1)} s`,
    ]
    const verdict = good
      ? terminal.green('✔ good ')
      : terminal.red(`✖ ${exercise.problems.length} ${exercise.problems.length === 1 ? 'problem' : 'problems'} `)
    lines.push(`${verdict} ${terminal.bold(exercise.exercise)} · ${facts.join(' · ')}`)
  }
  for (const problem of check.problems) {
    lines.push(describeProblem({ ...problem, file: relative(cwd, problem.file) || problem.file }))
  }
  const caught = check.exercises.reduce((sum, exercise) => sum + exercise.caught, 0)
  const wrong = check.exercises.reduce((sum, exercise) => sum + exercise.wrong, 0)
  const score = wrong === 0 ? '' : ` · kill score ${caught}/${wrong}`
  lines.push(
    terminal.bold(
      `${check.problems.length} problems in ${check.exercises.length} exercises${score} · ${(check.ms / 1000).toFixed(0)} s`,
    ),
  )
  return `${lines.join('\n')}\n`
}
