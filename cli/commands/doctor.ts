import { resolve } from 'node:path'
import { examine, findWorkspace, type ServiceSettings } from '../../grader/index.ts'
import { doctorText } from '../reporters/doctor.ts'
import { serviceSettings } from '../service-settings.ts'
import type { Session } from '../session.ts'
import { startSpinner } from '../spinner.ts'

export async function run(_: unknown, options: Record<string, unknown>, session: Session): Promise<number> {
  const { cwd, stdout, terminal } = session
  const course = typeof options['course'] === 'string' ? { course: resolve(cwd, options['course']) } : {}
  const spinner = await startSpinner(session, 'looking at this machine')
  const checks = await examine({ cwd, ...course, services: await settingsHere(options, session) }).finally(() =>
    spinner.stop(),
  )
  const problems = checks.filter(({ status }) => status === 'problem')
  const result = { checks, problems: problems.length }
  stdout.write(options['json'] ? `${JSON.stringify(result, null, 2)}\n` : await doctorText(checks, terminal))
  if (problems.some(({ about }) => about === 'machine')) return 3
  return problems.length > 0 ? 2 : 0
}

/** An invalid workspace is another check's finding. */
async function settingsHere(options: Record<string, unknown>, session: Session): Promise<ServiceSettings> {
  const workspace = await findWorkspace(session.cwd).catch(() => undefined)
  return serviceSettings(options, session, workspace)
}
