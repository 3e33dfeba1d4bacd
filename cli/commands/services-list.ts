import { findWorkspace, surveyServices } from '../../grader/index.ts'
import { servicesText } from '../reporters/services.ts'
import { serviceSettings } from '../service-settings.ts'
import type { Session } from '../session.ts'
import { startSpinner } from '../spinner.ts'

export async function run(_: unknown, options: Record<string, unknown>, session: Session): Promise<number> {
  const { cwd, stdout, terminal } = session
  const settings = serviceSettings(options, session, await findWorkspace(cwd))
  const spinner = await startSpinner(session, 'looking at this machine')
  const survey = await surveyServices(settings).finally(() => spinner.stop())
  stdout.write(options['json'] ? `${JSON.stringify(survey, null, 2)}\n` : await servicesText(survey, terminal))
  return 0
}
