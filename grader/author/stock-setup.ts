/** Loaded by stock Vitest before each file of hidden tests: opens the kit with the first of them. */
import { enterContext, inContext, type RunSettings } from '../kit/context.ts'
import { startServices } from '../services/run-services.ts'
import type { ServiceSettings } from '../services/server.ts'
import { openRunScope } from '../solution/run-scope.ts'

// Vitest hands nothing but the environment to a setup file that is loaded before the tests are collected.
const settings = JSON.parse(process.env['LEARN_BACKEND_RUN_SETTINGS'] ?? 'null') as
  | (RunSettings & { services: ServiceSettings })
  | null
if (!settings) throw new Error('stock-setup.js is for "learn-backend author check", which hands it the run to open.')
// One run for all files, because a step may need one of an earlier file. The janitor ends it together with the process.
if (!inContext()) {
  // Services that are kept warm are found there, and so are runs.
  process.env['TMPDIR'] = process.env['LEARN_BACKEND_TMPDIR']
  const { services: serviceSettings, ...run } = settings
  const scope = openRunScope()
  const services =
    run.exercise.services.length > 0
      ? await startServices({
          ids: run.exercise.services,
          settings: serviceSettings,
          scope,
          signal: new AbortController().signal,
        })
      : undefined
  enterContext(run, scope, { services })
}
