import { join } from 'node:path'
import type { JobResult } from '../batch/worker-pool.ts'
import type { Exercise } from '../exercise/exercise.ts'
import type { Problem } from '../exercise/read-yaml.ts'
import type { WrongSolution } from '../exercise/schema.ts'
import type { Report, ReportTest } from '../report/schema.ts'
import type { Verdicts } from './stock-vitest.ts'

/** The reference passes every step, every step has tests, and every test has a step. */
export function checkReference(
  exercise: Exercise,
  { language, seed, outcome }: { language: string; seed: string; outcome: JobResult },
): Problem[] {
  const file = join(exercise.folder, 'reference', language)
  const report = outcome.report
  if (!report) return [{ file, message: `Grading broke: ${outcome.error}` }]
  if (report.status === 'errored')
    return [{ file: join(exercise.folder, 'hidden'), message: report.message ?? 'The tests are broken.' }]
  const problems: Problem[] = []
  for (const step of report.steps) {
    if (step.tests.length === 0)
      problems.push({ file: join(exercise.folder, 'hidden'), message: `Step "${step.id}" has no test.` })
    const titles = step.tests.map((test) => test.title)
    const twice = titles.find((title, index) => titles.indexOf(title) !== index)
    if (twice)
      problems.push({
        file: join(exercise.folder, 'hidden'),
        message: `Step "${step.id}" has two tests named "${twice}".`,
      })
    if (step.status === 'passed' || step.tests.length === 0) continue
    const failed = step.tests.find((test) => test.status === 'failed')
    problems.push({
      file,
      message: `The reference does not pass "${step.id}" (seed ${seed}). ${describeFailure(failed)}`,
    })
  }
  if (problems.length === 0 && report.status !== 'passed')
    problems.push({ file, message: `The reference does not pass: ${report.message}` })
  return problems
}

/** A starter runs and fails honestly. */
export function checkStarter(exercise: Exercise, language: string, outcome: JobResult): Problem[] {
  const file = join(exercise.folder, 'starter', language)
  const report = outcome.report
  if (!report) return [{ file, message: `Grading broke: ${outcome.error}` }]
  if (report.status === 'passed') return [{ file, message: 'The starter passes: there is nothing left to do.' }]
  if (report.status === 'errored') return [{ file, message: `Grading it broke: ${report.message}` }]
  if (report.cause === undefined) return []
  return [
    {
      file,
      message:
        `The starter must run and answer something, but ended as ${report.cause}. ${report.message ?? ''}`.trim(),
    },
  ]
}

/** A wrong solution fails exactly the tests that it names, for a plain wrong answer unless it says otherwise. */
export function checkWrong(exercise: Exercise, wrong: WrongSolution, outcome: JobResult): Problem[] {
  const file = join(exercise.folder, 'wrong', `${wrong.patch}.patch`)
  const problem = (message: string): Problem[] => [{ file, message }]
  const report = outcome.report
  if (!report) return problem(`Grading broke: ${outcome.error}`)
  if (report.status === 'errored') return problem(`Grading it broke: ${report.message}`)
  if (wrong.cause === 'build_failed' && report.cause === 'build_failed') return []
  const early = report.steps.find((step) => step.status === 'failed')
  if (!early) return problem(`It passes step "${wrong.step}": the tests do not see its bug.`)
  if (early.id !== wrong.step) {
    return problem(
      `It fails already on step "${early.id}", not on "${wrong.step}". ${describeFailure(early.tests.find((test) => test.status === 'failed'))}`,
    )
  }
  const failed = early.tests.filter((test) => test.status === 'failed')
  const missed = wrong.tests.filter((title) => !failed.some((test) => test.title === title))
  const extra = failed.filter((test) => !wrong.tests.includes(test.title))
  const problems: Problem[] = []
  for (const title of missed) {
    const known = early.tests.some((test) => test.title === title)
    problems.push(...problem(known ? `It passes the test "${title}".` : `Step "${wrong.step}" has no test "${title}".`))
  }
  for (const test of extra)
    problems.push(...problem(`It also fails "${test.title}", which it does not name. ${describeFailure(test)}`))
  const cause = failed.find((test) => wrong.tests.includes(test.title))?.cause
  if (cause !== wrong.cause && missed.length === 0) {
    problems.push(
      ...problem(
        `It fails as ${cause ?? 'a plain wrong answer'}, not as ${wrong.cause ?? 'a plain wrong answer'}. ${describeFailure(failed[0])}`,
      ),
    )
  }
  return problems
}

/** The engine and stock Vitest agree on every test. */
export function checkStock(exercise: Exercise, name: string, report: Report, stock: Verdicts): Problem[] {
  const file = join(exercise.folder, 'hidden')
  const ours: Verdicts = new Map(
    report.steps.flatMap((step) => step.tests.map((test) => [`${step.id} > ${test.title}`, test.status] as const)),
  )
  return [...new Set([...ours.keys(), ...stock.keys()])]
    .filter((key) => ours.get(key) !== stock.get(key))
    .map((key) => ({
      file,
      message: `Against ${name}, "${key}" is ${ours.get(key) ?? 'absent'} here and ${stock.get(key) ?? 'absent'} under stock Vitest.`,
    }))
}

function describeFailure(test: ReportTest | undefined): string {
  if (!test) return ''
  const { expected, got } = test.evidence ?? {}
  return `"${test.title}": ${test.message ?? ''}${expected && got ? ` (expected ${expected}, got ${got})` : ''}`.slice(
    0,
    600,
  )
}
