/**
 * `learn-backend/kit`: what hidden tests import, beside `vitest`. See "Writing an exercise" in CONTRIBUTING.md.
 */
import './matchers.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { context } from './context.ts'

export { test, withApp } from './fixtures.ts'
export { note, step } from './step.ts'
export { sleep, together } from './time.ts'
export { SolutionFailure } from './evidence.ts'
export type { Evidence, FailureCode } from './evidence.ts'
export type { App } from './app.ts'
export type { StartOptions } from './start-options.ts'
export type { Answer } from './answer.ts'
export type { RequestOptions } from './http-client.ts'
export type { Connection } from './connection.ts'
export type { Cli, Run, RunningCli, RunOptions } from './cli.ts'
export type { Suite, SuiteOptions, SuiteRun, SuiteTest } from './suite.ts'
export type { Reply, SeenRequest, Upstream } from './upstream.ts'
export type { Exchange, ServiceLink } from '../services/link/service-link.ts'
export type { ServiceHandle } from './services/service-handle.ts'
export type { RedisService } from './services/redis.ts'
export type { Database, PostgresService } from './services/postgres.ts'
export type { MongoDatabase, MongodbService } from './services/mongodb.ts'
export type { MemcachedService } from './services/memcached.ts'
export type { RabbitmqService, VirtualHost } from './services/rabbitmq.ts'
export type { KafkaService, ProducedMessage, ReadMessage } from './services/kafka.ts'
export type { ConfigurableServer, HttpTarget, RunningServer } from './services/configurable-server.ts'
export type { PrometheusOptions, PrometheusService, RunningPrometheus } from './services/prometheus.ts'
export type { DnsService, DnsUpstream } from './services/dns.ts'
export type { DnsAnswer, DnsOptions } from './dns-client.ts'
export type { DnsLink, DnsQuery, Forge } from './dns-link.ts'
export type { DnsQuestion, DnsRecord } from './dns-text.ts'
export type { Tap, TappedConnection } from '../solution/tap.ts'
export type { Random } from './random.ts'
export type { Fixtures } from './fixtures.ts'

/** The absolute path of a file that lies beside the hidden tests. */
export function fileOf(path: string): string {
  return join(context().exercise.hidden, path)
}

/** The text of a file that lies beside the hidden tests. */
export function readHidden(path: string): string {
  return readFileSync(fileOf(path), 'utf8')
}
