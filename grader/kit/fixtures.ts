import { test as base, type TestAPI } from 'vitest'
import { type App, crashOf, type InternalApp, startApp } from './app.ts'
import { type Cli, createCli } from './cli.ts'
import { context } from './context.ts'
import { SolutionFailure } from './evidence.ts'
import { createRandom, type Random } from './random.ts'
import type { StartOptions } from './start-options.ts'
import { createSuite, type Suite } from './suite.ts'
import { startTap, type Tap } from '../solution/tap.ts'
import { startUpstream, type Upstream } from './upstream.ts'
import { beginFile, beginTest } from './services/between-tests.ts'
import {
  type ConfigurableServer,
  haproxyKind,
  nginxKind,
  useConfigurableServer,
} from './services/configurable-server.ts'
import { type DnsService, useDns } from './services/dns.ts'
import { type KafkaService, useKafka } from './services/kafka.ts'
import { type MemcachedService, useMemcached } from './services/memcached.ts'
import { type MongodbService, useMongodb } from './services/mongodb.ts'
import { type PostgresService, usePostgres } from './services/postgres.ts'
import { type PrometheusService, usePrometheus } from './services/prometheus.ts'
import { type RabbitmqService, useRabbitmq } from './services/rabbitmq.ts'
import { type RedisService, useRedis } from './services/redis.ts'
import { closeAll, type Closers } from './services/service-handle.ts'

/** The one server that all tests of a file share; started with the first test that asks for it. */
interface AppHost {
  current: InternalApp | undefined
  /** How it ended after a test that did not notice. */
  endedUnseen: SolutionFailure | undefined
}

/** What a hidden test can ask for. */
export interface Fixtures {
  /** File-scoped: every file of tests begins with empty services. */
  emptyServices: void
  /** Before every test: services run, and their links let everything through. */
  soundServices: void
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
  /** Starts further controllable HTTP servers. */
  newUpstream: () => Promise<Upstream>
  redis: RedisService
  postgres: PostgresService
  mongodb: MongodbService
  memcached: MemcachedService
  rabbitmq: RabbitmqService
  kafka: KafkaService
  nginx: ConfigurableServer
  haproxy: ConfigurableServer
  prometheus: PrometheusService
  dns: DnsService
  /** Random values, the same for the same seed and test. */
  random: Random
  /** An empty folder. */
  scratch: string
}

/** Vitest's `test` with the kit's fixtures. */
export const test: TestAPI<Fixtures> = base.extend<Fixtures>({
  emptyServices: [
    // eslint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs from its pattern
    async ({}, use) => {
      await beginFile()
      await use()
    },
    { scope: 'file', auto: true },
  ],
  soundServices: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      await beginTest()
      await use()
      // Set up first, so this comes last: a solution that still runs shall not see its services go.
      await closeAll(context().closers)
    },
    { auto: true },
  ],
  // eslint-disable-next-line no-empty-pattern
  appOptions: [async ({}, use) => use({}), { scope: 'file' }],
  appHost: ownHost(),
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
    await using cli = createCli(await context().scope.solutionFolder('cli'))
    await use(cli)
  },
  // eslint-disable-next-line no-empty-pattern
  suite: async ({}, use) => {
    await use(createSuite((name) => context().scope.solutionFolder(name)))
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
  // eslint-disable-next-line no-empty-pattern
  newUpstream: async ({}, use) => {
    const upstreams: Upstream[] = []
    await use(async () => {
      const upstream = await startUpstream()
      upstreams.push(upstream)
      return upstream
    })
    await disposeAll(upstreams)
  },
  redis: service(useRedis),
  postgres: service(usePostgres),
  mongodb: service(useMongodb),
  memcached: service(useMemcached),
  rabbitmq: service(useRabbitmq),
  kafka: service(useKafka),
  nginx: service((closers) => useConfigurableServer(nginxKind, closers)),
  haproxy: service((closers) => useConfigurableServer(haproxyKind, closers)),
  prometheus: service(usePrometheus),
  dns: service(useDns),
  random: async ({ task }, use) => {
    const { seed, exercise } = context()
    await use(createRandom(`${seed}/${exercise.id}/${task.suite?.name ?? ''}/${task.name}`))
  },
  // eslint-disable-next-line no-empty-pattern
  scratch: async ({}, use) => {
    await use(await context().scope.solutionFolder('scratch'))
  },
})

/** A file's process of the solution. */
function ownHost() {
  // eslint-disable-next-line no-empty-pattern
  const fixture = async ({}, use: (host: AppHost) => Promise<void>) => {
    const host: AppHost = { current: undefined, endedUnseen: undefined }
    await use(host)
    await host.current?.[Symbol.asyncDispose]()
  }
  return [fixture, { scope: 'file' }] as [typeof fixture, { scope: 'file' }]
}

/** A fixture of a service; whatever the test opens through it is closed when all else of the test has ended. */
function service<T>(open: (closers: Closers) => T | Promise<T>) {
  // eslint-disable-next-line no-empty-pattern
  return async ({}, use: (value: T) => Promise<void>): Promise<void> => use(await open(context().closers))
}

/** What the settings of an `app` may be made of. */
interface AppSurroundings {
  /** The file's own: it lives as long as the app, and is the `upstream` of all its tests, reset before each. */
  upstream: Upstream
}

/**
 * A `test` whose `app` is started with these options: one process for all tests of a file that use this `test`. Two of
 * them in one file have an app each.
 */
export function withApp(
  options: StartOptions | ((around: AppSurroundings) => StartOptions | Promise<StartOptions>),
): TestAPI<Fixtures> {
  if (typeof options !== 'function')
    return test.extend({ appOptions: [options, { scope: 'file' }], appHost: ownHost() }) as unknown as TestAPI<Fixtures>
  const extended = test.extend<{ fileUpstream: Upstream }>({
    fileUpstream: [
      // eslint-disable-next-line no-empty-pattern
      async ({}, use) => {
        await using upstream = await startUpstream()
        await use(upstream)
      },
      { scope: 'file' },
    ],
  })
  return extended.extend({
    appOptions: [
      async ({ fileUpstream }: { fileUpstream: Upstream }, use: (value: StartOptions) => Promise<void>) =>
        use(await options({ upstream: fileUpstream })),
      { scope: 'file' },
    ],
    appHost: ownHost(),
    async upstream({ fileUpstream }: { fileUpstream: Upstream }, use: (value: Upstream) => Promise<void>) {
      await fileUpstream.restart()
      await use(fileUpstream)
    },
  } as never) as unknown as TestAPI<Fixtures>
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
