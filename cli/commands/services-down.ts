import { stopServices } from '../../grader/index.ts'
import type { Session } from '../session.ts'

export async function run(
  [ids]: (string | string[] | undefined)[],
  options: Record<string, unknown>,
  { stdout }: Session,
): Promise<number> {
  const stopped = await stopServices([ids ?? []].flat())
  if (options['json']) stdout.write(`${JSON.stringify({ stopped }, null, 2)}\n`)
  else if (stopped.length === 0) stdout.write('Nothing was up.\n')
  else stdout.write(`Stopped: ${stopped.map(({ service }) => service).join(', ')}\n`)
  return 0
}
