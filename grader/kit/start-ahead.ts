import { freePort } from '../solution/free-port.ts'
import type { KitContext } from './context.ts'
import { launchServer } from './launch-server.ts'

/** Starts the server that the first `app` will want, while the tests are still being loaded. */
export async function startAhead(context: KitContext): Promise<void> {
  const port = await freePort()
  const dataDir = await context.scope.solutionFolder('data')
  const program = launchServer({ run: context, port, dataDir, options: {} })
  context.headStart = { program, port, dataDir }
  // A failed start is reported by whoever asks for the app.
  await program.catch(() => {})
}
