import type { Grades } from '../../../grader/index.ts'
import type { Terminal } from '../../terminal.ts'
import type { Around, GradeFormat } from './format.ts'

/** A terminal without colours, for tests. */
export function plainTerminal(width = 80): Terminal {
  const plain = (text: string) => text
  return { interactive: false, width, green: plain, red: plain, yellow: plain, cyan: plain, dim: plain, bold: plain }
}

/** The only text that a format makes, for tests. */
export async function textOf(format: GradeFormat, grades: Grades, given: Partial<Around> = {}): Promise<string> {
  const around = { env: {}, terminal: plainTerminal(), root: '/nowhere/class', ...given }
  const [rendering] = await format.render(grades, around)
  return rendering?.text ?? ''
}
