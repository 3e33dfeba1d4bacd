import { serviceLogs, UserError } from '../../grader/index.ts'
import type { Session } from '../session.ts'
import { whatToType } from '../what-to-type.ts'

export async function run(
  [id = '']: (string | undefined)[],
  _options: Record<string, unknown>,
  { stdout, stderr, terminal }: Session,
): Promise<number> {
  const logs = await serviceLogs(id)
  if (logs.length === 0) {
    throw new UserError('usage', `There is no service "${id}" that is up.`, {
      remedy: `To see what is up, type: ${whatToType('services')}`,
    })
  }
  for (const { service, lines } of logs) {
    if (logs.length > 1) stderr.write(`${terminal.bold(`${service.service} (process ${service.pid})`)}\n`)
    for (const line of lines) stdout.write(`${line}\n`)
  }
  return 0
}
