import { UserError } from '../../user-error.ts'
import type { EngineAddress } from './engine-address.ts'

interface EngineError extends Error {
  code?: string
  statusCode?: number
  json?: { message?: string }
  reason?: string
}

/** What the engine refused, as something that a person can mend. @param what e.g. `start Redis (redis:8-alpine)` */
export function explainEngineError(thrown: unknown, what: string, address: EngineAddress): Error {
  if (thrown instanceof UserError) return thrown
  const error = thrown as EngineError
  if (error?.name === 'AbortError' || error?.name === 'Interruption') return error
  const said = error.json?.message ?? error.message
  const problem = (message: string, remedy: string) => new UserError('environment', message, { remedy, cause: error })
  if (
    ['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(error.code ?? '') ||
    /socket hang up/.test(said)
  ) {
    return problem(
      `The Docker engine at ${address.name} went away while it was to ${what} (${error.code ?? said}).`,
      'Look at it with: docker info  - then run this again; or do without it: --services native',
    )
  }
  if (error.code === 'EACCES')
    return problem(
      `The Docker socket of ${address.name} may not be used by this user.`,
      'Type: sudo usermod -aG docker "$USER"  and log in again',
    )
  if (/no space left on device|disk quota/i.test(said))
    return problem(
      `Docker's disk is full: it could not ${what}. ${said}`,
      'Make room, for example with: docker system prune',
    )
  if (error.statusCode === 409 && /paused|not running/.test(said))
    return problem(`Docker could not ${what}: ${said}`, 'Run this again')
  return problem(
    `Docker could not ${what}: ${said.trim() || `status ${error.statusCode}`}`,
    'Look at the engine with: docker info  - or do without it: --services native',
  )
}

/** Why an image could not be pulled. */
export function explainPullError(thrown: unknown, image: string, address: EngineAddress): Error {
  const error = thrown as EngineError
  if (error?.name === 'AbortError' || error?.name === 'Interruption') return error
  const said = (error.json?.message ?? error.message).trim()
  const problem = (message: string, remedy: string) => new UserError('environment', message, { remedy, cause: error })
  if (/no space left on device/i.test(said))
    return problem(
      `There is no room for the image ${image}: ${said}`,
      'Make room, for example with: docker system prune',
    )
  if (error.statusCode === 404 || /not found|manifest unknown|does not exist|pull access denied/i.test(said))
    return problem(
      `The image ${image} is not there: ${said}`,
      `Look for its name and tag, or name another image: --image <service>=<image>  (also in learn-backend.yaml)`,
    )
  if (/no such host|dial tcp|i\/o timeout|connection refused|Temporary failure|TLS handshake|EOF/i.test(said))
    return problem(
      `The registry of ${image} can't be reached: ${said}`,
      `Look at the network, then type: docker pull ${image}  - or do without Docker: --services native`,
    )
  return problem(
    `The image ${image} could not be pulled from ${address.name}: ${said}`,
    `To see more, type: docker pull ${image}`,
  )
}
