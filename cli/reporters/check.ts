import { relative } from 'node:path'
import { type CourseCheck, describeProblem, type ExerciseCheck } from '../../grader/index.ts'
import type { Terminal } from '../terminal.ts'

/** One exercise in `author check`, as soon as it is done. */
export function exerciseLine(check: ExerciseCheck, terminal: Terminal): string {
  const facts = [
    `${check.tests} tests`,
    `${check.caught} of ${check.wrong} wrong solutions caught`,
    `${count(check.repeats, 'run')} of the reference, the slowest ${(check.slowestMs / 1000).toFixed(1)} s`,
  ]
  const { length } = check.problems
  const verdict = length === 0 ? terminal.green('✔ good ') : terminal.red(`✖ ${count(length, 'problem')} `)
  return `${verdict} ${terminal.bold(check.exercise)} · ${facts.join(' · ')}\n`
}

/** What is wrong, and the sums. */
export function checkSummary(check: CourseCheck, terminal: Terminal, cwd: string): string {
  const { problems, exercises } = check
  const lines = problems.map((problem) =>
    describeProblem({ ...problem, file: relative(cwd, problem.file) || problem.file }),
  )
  const sum = (key: 'caught' | 'wrong') => exercises.reduce((total, exercise) => total + exercise[key], 0)
  const score = sum('wrong') === 0 ? '' : ` · kill score ${sum('caught')}/${sum('wrong')}`
  const seconds = (check.ms / 1000).toFixed(0)
  lines.push(
    terminal.bold(
      `${count(problems.length, 'problem')} in ${count(exercises.length, 'exercise')}${score} · ${seconds} s`,
    ),
  )
  return `${lines.join('\n')}\n`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
