import { findWorkspace, holdServices } from '../../grader/index.ts'
import { serviceSettings } from '../service-settings.ts'
import type { Session } from '../session.ts'
import { startSpinner } from '../spinner.ts'
import { whatToType } from '../what-to-type.ts'

export async function run(
  [ids]: (string | string[] | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, stdout, stderr, terminal, signal } = session
  const settings = serviceSettings(options, session, await findWorkspace(cwd))
  const spinner = await startSpinner(session, 'starting')
  const held = await holdServices({
    ids: [ids ?? []].flat(),
    settings,
    signal,
    onProgress: (text) => spinner.say(text),
  }).finally(() => spinner.stop())
  if (options['json']) {
    stdout.write(`${JSON.stringify({ services: held }, null, 2)}\n`)
    return 0
  }
  for (const { service, driver, version, already, env } of held) {
    // What a shell can take over as it is; the rest is for people.
    for (const [name, value] of Object.entries(env)) stdout.write(`export ${name}=${value}\n`)
    stderr.write(`${terminal.dim(`${service} ${already ? 'was up already' : 'is up'} (${driver}, ${version})`)}\n`)
  }
  stderr.write(`${terminal.dim(`They stay up until you type: ${whatToType('services down')}`)}\n`)
  return 0
}
