import type { Exercise } from '../../grader/index.ts'
import { hanging } from '../hanging.ts'
import { layoutFor } from '../layout.ts'
import type { Terminal } from '../terminal.ts'
import { whatToType } from '../what-to-type.ts'

/** A hint as `hint --json` prints it. */
export interface HintResult {
  exercise: string
  step: { id: string; title: string; section: string }
  hint: string
  /** From 1, the gentlest. */
  level: number
  of: number
  /** It was shown before: there is no further one. */
  repeated: boolean
  /** What to type. */
  next: string
}

export async function hintText(result: HintResult, terminal: Terminal): Promise<string> {
  const { exercise, step, hint, level, of, repeated } = result
  const width = Math.min(terminal.width, 100)
  const left = of - level
  const more = repeated
    ? 'That was the last one, again. The spec says the rest:'
    : left === 0
      ? 'That was the last one. The spec says the rest:'
      : `${left} more ${left === 1 ? 'hint' : 'hints'} for this step (${whatToType('hint')}). The spec:`
  const lines = [
    `${terminal.bold(step.id)} · ${step.title} · hint ${level} of ${of}`,
    '',
    `  ${hint}`,
    '',
    `${more} ${exercise}/README.md, ${step.section}`,
    `Then type: ${result.next}`,
  ]
  const layout = await layoutFor(lines, width - 2)
  return `${lines.map((line) => hanging(line, { width, indent: line.startsWith('  ') ? 2 : 0, layout })).join('\n')}\n`
}

export function nothingFailsText({ id }: Exercise): string {
  return `${id} is passed: there is nothing to give a hint on.
To go on, type: ${whatToType('next')}. For one step's hints: ${whatToType(`hint ${id} --step <step>`)}
`
}
