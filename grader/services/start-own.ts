import { freePort } from '../solution/free-port.ts'
import { chooseDriver } from './drivers.ts'
import type { Server, StartRequest } from './server.ts'

/**
 * Starts a server with whatever driver works; it ends when it is disposed of.
 * @throws UserError `environment` when it can't be had
 */
export async function startOwn(
  request: Omit<StartRequest, 'files' | 'ports' | 'advertisedPort'>,
): Promise<Server & { advertisedPort?: number }> {
  const { driver } = await chooseDriver(request)
  request.signal.throwIfAborted()
  if (!request.definition.container.advertises) return driver.start(request)
  const advertisedPort = await freePort()
  return Object.assign(await driver.start({ ...request, advertisedPort }), { advertisedPort })
}
