import type { KitContext } from '../kit/context.ts'
import { launchServer } from '../kit/launch-server.ts'
import { freePort } from '../solution/free-port.ts'

export { enterContext, leaveContext } from '../kit/context.ts'
export { runTests } from './run-tests.ts'

/** Starts the server that the first `app` will want, while the tests are still being loaded. */
export async function startAhead(context: KitContext): Promise<void> {
  const port = await freePort()
  const dataDir = await context.scope.folder('data')
  const program = launchServer({ run: context, port, dataDir, options: {} })
  // A failed start is reported by whoever awaits it.
  program.catch(() => {})
  context.headStart = { program, port, dataDir }
}
