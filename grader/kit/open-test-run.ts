import { openRunScope, type RunScope } from '../solution/run-scope.ts'
import { enterContext, type KitContext, leaveContext, type RunSettings } from './context.ts'

/** A run for the kit's own tests: what the engine opens before hidden tests. */
export function openTestRun(
  settings: Partial<RunSettings> & { folder?: string } = {},
): { run: KitContext; scope: RunScope } & AsyncDisposable {
  const scope = openRunScope()
  const { folder = scope.scratch, ...rest } = settings
  const run = enterContext(
    {
      exercise: {
        id: 'example',
        interface: 'http',
        services: [],
        limits: { start_ms: 4000, test_ms: 4000, request_ms: 1000, output_kb: 1024, answer_kb: 64 },
        steps: [{ id: 'first', needs: [] }],
        hidden: folder,
      },
      solution: { folder, toolchain: { id: 'js', pace: 1 } },
      seed: '1',
      keepGoing: false,
      hostEnvironment: process.env,
      ...rest,
    },
    scope,
  )
  return {
    run,
    scope,
    async [Symbol.asyncDispose]() {
      leaveContext()
      await scope[Symbol.asyncDispose]()
    },
  }
}
