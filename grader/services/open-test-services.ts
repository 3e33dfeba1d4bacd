import { join } from 'node:path'
import { ownPackage } from '../package-root.ts'
import { openRunScope, type RunScope } from '../solution/run-scope.ts'
import { services, type ServiceId } from './index.ts'
import type { Server, ServiceSettings, StartRequest } from './server.ts'
import type { ServiceDefinition } from './service.ts'
import { startOwn } from './start-own.ts'

// PostgreSQL's template is made once.
const cache = join(ownPackage().root, 'node_modules/.cache/learn-backend-test')

/** What `npm test` names the images that it makes of Debian's servers. */
const standInImages: Record<string, string> = {
  redis: 'learn-backend-test/redis:7',
  memcached: 'learn-backend-test/memcached:1.6',
  nginx: 'learn-backend-test/nginx:1.22',
  haproxy: 'learn-backend-test/haproxy:2.6',
  prometheus: 'learn-backend-test/prometheus:2.42',
  dns: 'learn-backend-test/dnsmasq:2',
  postgres: 'learn-backend-test/postgres:15',
}

/** A run for the services' own tests. */
export interface TestServices extends AsyncDisposable {
  scope: RunScope
  settings: ServiceSettings
  request(id: ServiceId, more?: Partial<StartRequest>): Omit<StartRequest, 'ports' | 'advertisedPort'>
  start(id: ServiceId, more?: Partial<StartRequest>): Promise<Server & { advertisedPort?: number }>
  /** Whether a server answers as a ready one would. @param patience milliseconds */
  answers(server: Server, patience?: number): Promise<boolean>
}

function definitionOf(id: string): ServiceDefinition {
  return services[id as ServiceId]
}

/** @param driver by which servers are started; containers are of the stand-in images */
export function openTestServices(driver: ServiceSettings['driver'], more: Partial<ServiceSettings> = {}): TestServices {
  const scope = openRunScope()
  const started: Server[] = []
  const settings: ServiceSettings = {
    driver,
    images: standInImages,
    cache,
    keepWarm: 0,
    hostEnvironment: process.env,
    ...more,
  }
  const request: TestServices['request'] = (id, extra = {}) => ({
    definition: services[id],
    settings,
    scope,
    signal: AbortSignal.timeout(100_000),
    ...extra,
  })
  return {
    scope,
    settings,
    request,
    async start(id, more) {
      const server = await startOwn(request(id, more))
      started.push(server)
      return server
    },
    answers: ({ service, host, ports }, patience = 3000) =>
      definitionOf(service)
        .ready({ host, port: ports.main }, AbortSignal.timeout(patience), ports)
        .then(
          () => true,
          () => false,
        ),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(started.map((server) => server[Symbol.asyncDispose]()))
      await scope[Symbol.asyncDispose]()
    },
  }
}
