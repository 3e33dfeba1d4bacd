import { test as base, type TestAPI } from 'vitest'
import { type App, crashOf, type InternalApp, startApp } from './app.ts'
import { type Cli, createCli } from './cli.ts'
import { context } from './context.ts'
import { SolutionFailure } from './evidence.ts'
import { createRandom, type Random } from './random.ts'
import type { StartOptions } from './start-options.ts'
import { createSuite, type Suite } from './suite.ts'
import { startTap, type Tap } from './tap.ts'
import { startUpstream, type Upstream } from './upstream.ts'

/** The one server that all tests of a file share; started with the first test that asks for it. */
interface AppHost {
  current: InternalApp | undefined
  /** How it ended after a test that did not notice. */
  endedUnseen: SolutionFailure | undefined
}

/** What a hidden test can ask for. */
export interface Fixtures {
  /** File-scoped: the settings of `app`; see {@link withApp}. */
  appOptions: StartOptions
  /** File-scoped: holds the process of `app`. */
  appHost: AppHost
  /** The solution as a running server: one process for all tests of a file, started again when it is no longer alive. */
  app: App
  /** Starts instances of the test's own. */
  start: (options?: StartOptions) => Promise<App>
  /** The solution as a command line program, in an empty folder. */
  cli: Cli
  /** The solution as a test suite. */
  suite: Suite
  /** A controllable HTTP server. */
  upstream: Upstream
  /** Puts a TCP tap in front of a server. */
  tap: (target: { port: number; host?: string }) => Promise<Tap>
  /** Random values, the same for the same seed and test. */
  random: Random
  /** An empty folder. */
  scratch: string
}

/** Vitest's `test` with the kit's fixtures. */
export const test: TestAPI<Fixtures> = base.extend<Fixtures>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs from its pattern
  appOptions: [async ({}, use) => use({}), { scope: 'file' }],
  appHost: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const host: AppHost = { current: undefined, endedUnseen: undefined }
      await use(host)
      await host.current?.[Symbol.asyncDispose]()
    },
    { scope: 'file' },
  ],
  app: async ({ appHost, appOptions }, use) => {
    await useApp(appHost, appOptions, use)
  },
  // eslint-disable-next-line no-empty-pattern
  start: async ({}, use) => {
    const started: InternalApp[] = []
    await use(async (options) => {
      const app = await startApp(options)
      started.push(app)
      return app
    })
    const crash = started.map((app) => app[crashOf]()).find((failure) => failure !== undefined)
    await disposeAll(started)
    if (crash) throw crash
  },
  // eslint-disable-next-line no-empty-pattern
  cli: async ({}, use) => {
    await using cli = createCli(await context().scope.folder('cli'))
    await use(cli)
  },
  // eslint-disable-next-line no-empty-pattern
  suite: async ({}, use) => {
    await use(createSuite((name) => context().scope.folder(name)))
  },
  // eslint-disable-next-line no-empty-pattern
  upstream: async ({}, use) => {
    await using upstream = await startUpstream()
    await use(upstream)
  },
  // eslint-disable-next-line no-empty-pattern
  tap: async ({}, use) => {
    const taps: Tap[] = []
    await use(async (target) => {
      const tap = await startTap(target)
      taps.push(tap)
      return tap
    })
    await disposeAll(taps)
  },
  random: async ({ task }, use) => {
    const { seed, exercise } = context()
    await use(createRandom(`${seed}/${exercise.id}/${task.suite?.name ?? ''}/${task.name}`))
  },
  // eslint-disable-next-line no-empty-pattern
  scratch: async ({}, use) => {
    await use(await context().scope.folder('scratch'))
  },
})

/** A `test` whose `app` is started with these options. */
export function withApp(options: StartOptions | (() => StartOptions | Promise<StartOptions>)): TestAPI<Fixtures> {
  return test.extend({
    appOptions: [
      // eslint-disable-next-line no-empty-pattern
      async ({}, use: (value: StartOptions) => Promise<void>) =>
        use(typeof options === 'function' ? await options() : options),
      { scope: 'file' },
    ],
  }) as unknown as TestAPI<Fixtures>
}

async function useApp(host: AppHost, options: StartOptions, use: (app: App) => Promise<void>): Promise<void> {
  const ended = host.current?.[crashOf]()
  if (!host.current?.alive) {
    await host.current?.[Symbol.asyncDispose]()
    host.current = undefined
    host.current = await startApp(options)
  }
  if (ended && !host.endedUnseen) {
    host.endedUnseen = ended
    throw new SolutionFailure(ended.code, `${ended.message} (just after the test before this one)`, ended.evidence)
  }
  const app = host.current
  app.attend()
  await use(app)
  const crash = app[crashOf]()
  if (!crash) return
  // Reported here: the next test gets a new process and need not fail for it.
  await app[Symbol.asyncDispose]()
  host.current = undefined
  throw crash
}

/** Disposes of all, also when one of them fails to. */
async function disposeAll(resources: AsyncDisposable[]): Promise<void> {
  await Promise.allSettled(resources.map((resource) => resource[Symbol.asyncDispose]()))
}
