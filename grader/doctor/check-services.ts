import { surveyServices } from '../services/survey.ts'
import type { Check } from './check.ts'

export const services: Check = {
  name: 'Services',
  about: 'machine',
  async check({ services: settings }) {
    const { services: known, remedies } = await surveyServices(settings)
    const usable = known.filter(({ chosen }) => chosen !== undefined)
    const missing = known.filter(({ chosen }) => chosen === undefined)
    const message = [
      usable.map(({ id, chosen }) => `${id} (${chosen})`).join(', ') || 'none can be started',
      ...(missing.length > 0 ? [`not available: ${missing.map(({ id }) => id).join(', ')}`] : []),
    ].join('; ')
    if (missing.length === 0) return { status: 'ok', message }
    // Only some exercises need them, and say so when they are started.
    return { status: 'note', message, remedy: remedies.join('\n') }
  },
}
