import type { Diagnosis } from '../../grader/index.ts'
import { hanging } from '../hanging.ts'
import { layoutFor } from '../layout.ts'
import type { Terminal } from '../terminal.ts'
import { whatToType } from '../what-to-type.ts'

/** What was looked at, one line each, with what to do about it. */
export async function doctorText(checks: Diagnosis[], terminal: Terminal): Promise<string> {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length)) + 2
  const indent = 9 + nameWidth
  const layout = await layoutFor(
    checks.flatMap(({ message, remedy = '' }) => [message, remedy]),
    terminal.width - indent,
  )
  const under = (text: string) => hanging(text, { width: terminal.width, indent, layout })
  const lines = checks.map(({ name, status, message, remedy }) => {
    const help = remedy === undefined ? '' : `\n${' '.repeat(indent)}${terminal.cyan(under(remedy))}`
    return `${word(status, terminal)}${name.padEnd(nameWidth)}${under(message)}${help}`
  })
  const problems = checks.filter(({ status }) => status === 'problem').length
  lines.push(
    problems === 0
      ? `Nothing is in the way. Next, type: ${whatToType('next')}`
      : `${problems} ${problems === 1 ? 'problem' : 'problems'}. When put right, type: ${whatToType('doctor')}`,
  )
  return `${lines.join('\n')}\n`
}

function word(status: Diagnosis['status'], { green, yellow, red }: Terminal): string {
  if (status === 'ok') return green('ok'.padEnd(9))
  return status === 'note' ? yellow('note'.padEnd(9)) : red('problem'.padEnd(9))
}
