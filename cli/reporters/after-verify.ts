import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Exercise, Report } from '../../grader/index.ts'
import type { Terminal } from '../terminal.ts'
import { whatToType } from '../what-to-type.ts'

interface Verified {
  report: Report
  exercise: Exercise
  /** The learner said which exercise, so the command to type has to say it as well. */
  named: boolean
  /** Only some steps were asked for. */
  partial: boolean
}

/** What follows a report: the afterword once all has passed, and what to type. */
export async function afterVerify({ report, exercise, named, partial }: Verified, terminal: Terminal): Promise<string> {
  const again = whatToType(named ? `verify ${exercise.id}` : 'verify')
  if (report.status === 'errored')
    return `Nothing was judged. To find out what is wrong, type: ${whatToType('doctor')}\n`
  if (report.status === 'failed') return `Next, change your code and type: ${again}\n`
  if (partial) return `Next, all steps together: ${again}\n`
  const afterword = join(exercise.folder, 'afterword.md')
  const next = `Next, type: ${whatToType('next')}\n`
  if (!existsSync(afterword)) return `\n${next}`
  const { renderMarkdown } = await import('./markdown.ts')
  return `\n${await renderMarkdown(readFileSync(afterword, 'utf8'), terminal)}\n${next}`
}
