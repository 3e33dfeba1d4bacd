import { pruneServices } from '../../grader/index.ts'
import { serviceSettings } from '../service-settings.ts'
import type { Session } from '../session.ts'

export async function run(_: unknown, options: Record<string, unknown>, session: Session): Promise<number> {
  const { stdout } = session
  const pruned = await pruneServices(serviceSettings(options, session))
  if (options['json']) {
    stdout.write(`${JSON.stringify(pruned, null, 2)}\n`)
    return 0
  }
  const lines = [
    ...pruned.stopped.map(({ service }) => `stopped ${service}`),
    ...pruned.containers.map(({ id, service }) => `removed container ${id} (${service})`),
    ...pruned.folders.map((folder) => `removed ${folder}`),
  ]
  stdout.write(lines.length === 0 ? 'Nothing was left behind.\n' : `${lines.join('\n')}\n`)
  return 0
}
