import { languageName, type referenceFiles } from '../../grader/index.ts'
import type { Terminal } from '../terminal.ts'
import { whatToType } from '../what-to-type.ts'

/** A reference solution, file by file. */
export function solutionText(
  exercise: string,
  { lang, files }: ReturnType<typeof referenceFiles>,
  terminal: Terminal,
): string {
  const parts = [
    `One way to do ${exercise}, in ${languageName(lang)}. There are others: yours counts when it passes.`,
    ...files.map(({ path, text }) => `${terminal.bold(`=== ${path}`)}\n\n${text.trimEnd()}`),
    `Next, type: ${whatToType('next')}`,
  ]
  return `${parts.join('\n\n')}\n`
}
