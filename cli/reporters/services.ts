import type { ServiceSurvey } from '../../grader/index.ts'
import { hanging } from '../hanging.ts'
import { layoutFor } from '../layout.ts'
import type { Terminal } from '../terminal.ts'
import { whatToType } from '../what-to-type.ts'

/** Which services can be had and how, and which are up. */
export async function servicesText(
  { services, remedies, running }: ServiceSurvey,
  terminal: Terminal,
): Promise<string> {
  const nameWidth = Math.max(...services.map(({ id }) => id.length)) + 2
  const indent = 2 + nameWidth
  const texts = services.flatMap(({ drivers }) =>
    drivers.map(({ availability }) => (availability.ok ? availability.version : availability.reason)),
  )
  const layout = await layoutFor(texts, terminal.width - indent)
  const lines = services.map(({ id, drivers, chosen }) => {
    const symbol = chosen ? terminal.green('✔') : terminal.red('✖')
    const ways = drivers.flatMap(({ id: driver, availability }) =>
      availability.ok ? [`${driver === chosen ? terminal.bold(driver) : driver} ${availability.version}`] : [],
    )
    const reasons = drivers.flatMap(({ id: driver, availability }) =>
      availability.ok ? [] : [`${driver}: ${availability.reason}`],
    )
    const text = ways.length > 0 ? ways.join(' · ') : reasons.join('; ')
    return `${symbol} ${id.padEnd(nameWidth)}${hanging(text, { width: terminal.width, indent, layout })}`
  })
  if (remedies.length > 0) {
    lines.push('', 'To get what is missing:')
    for (const remedy of remedies) lines.push(`  ${terminal.cyan(remedy)}`)
  }
  lines.push('')
  if (running.length === 0) lines.push('Nothing is up.')
  for (const { service, driver, ports, leased, idleSeconds, group } of running) {
    const state = leased
      ? 'in use'
      : idleSeconds === undefined
        ? 'until you stop it'
        : `idle, ends in ${Math.ceil(idleSeconds / 60)} min`
    const where = ports ? ` on port ${ports.main} (${driver})` : ' is starting'
    lines.push(`${service}${where}: ${group === 'held' || leased ? state : `kept warm, ${state}`}`)
  }
  if (running.length > 0) lines.push(`To stop them, type: ${whatToType('services down')}`)
  return `${lines.join('\n')}\n`
}
