import { Redis } from 'ioredis'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { markedWith, stillRunning } from '../solution/processes.ts'
import { openTestServices } from './open-test-services.ts'
import { recreateVirtualHost } from './rabbitmq-management.ts'
import { startServices } from './run-services.ts'
import type { ServiceId } from './index.ts'
import type { ServiceSettings } from './server.ts'

const keepers: ServiceId[] = ['postgres', 'mongodb', 'rabbitmq', 'kafka']
const forgetters: ServiceId[] = ['redis', 'memcached']

test.each([...forgetters, ...keepers])(
  '%s as a process: ready, stopped, started again, paused, emptied',
  async (id) => {
    await using run = openTestServices('native')
    const server = await run.start(id)
    const answers = (patience?: number) => run.answers(server, patience)

    expect(server).toMatchObject({ driver: 'native', host: '127.0.0.1' })
    expect(server.version).toMatch(/\d/)
    expect(await answers()).toBe(true)
    expect(await server.failure()).toBeUndefined()

    await server.stop()
    expect(await answers()).toBe(false)
    expect(await server.failure(), 'it was meant to stop').toBeUndefined()
    const { main } = server.ports
    await server.start()
    expect(server.ports.main).toBe(main)
    expect(await answers()).toBe(true)

    await server.pause()
    expect(await answers(300)).toBe(false)
    await server.resume()
    expect(await answers()).toBe(true)
    await server.reset()
    expect(await answers()).toBe(true)
  },
)

test('a server that ends by itself is told from one that was stopped, with its last words', async () => {
  await using run = openTestServices('native')
  const server = await run.start('redis')
  const client = new Redis(server.ports.main, server.host, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  await client.call('SHUTDOWN', 'NOSAVE').catch(() => {})
  client.disconnect()
  await expect.poll(() => server.failure()).toMatch(/it ended \(exit code 0\)\n.*ready to exit/s)
})

test('what PostgreSQL has committed outlives its kill -9', async () => {
  await using run = openTestServices('native')
  const server = await run.start('postgres')
  const ask = async (sql: string) => {
    const client = new Client({ host: server.host, port: server.ports.main, user: 'learner', database: 'app' })
    await client.connect()
    try {
      return (await client.query(sql)).rows as unknown[]
    } finally {
      await client.end()
    }
  }
  await ask('CREATE TABLE paid (amount int)')
  await ask('INSERT INTO paid VALUES (7)')
  await server.stop()
  await server.start()
  expect(await ask('SELECT amount FROM paid')).toEqual([{ amount: 7 }])
  await server.reset()
  await expect(ask('SELECT amount FROM paid')).rejects.toThrow(/does not exist/)
})

test('an emptied RabbitMQ has neither queues nor its old virtual hosts', async () => {
  await using run = openTestServices('native')
  const server = await run.start('rabbitmq')
  const management = { host: server.host, port: server.ports['management'] ?? 0 }
  await recreateVirtualHost(management, 'one')
  const amqplib = await import('amqplib')
  const connect = (path: string) =>
    amqplib.connect(`amqp://guest:guest@${server.host}:${server.ports.main}/${path}`, { noDelay: true })
  const connection = await connect('one')
  await (await connection.createChannel()).assertQueue('work')
  connection.on('error', () => {})
  await recreateVirtualHost(management, 'one')
  const again = await connect('one')
  const channel = await again.createChannel()
  channel.on('error', () => {})
  await expect(channel.checkQueue('work')).rejects.toThrow(/NOT_FOUND/)
  await again.close()
})

test('all services of a run start at once, go through links that understand them, and leave nothing', async () => {
  const run = openTestServices('native')
  const services = await startServices({
    ids: ['redis', 'postgres', 'memcached', 'nginx'],
    settings: run.settings,
    scope: run.scope,
    signal: AbortSignal.timeout(30_000),
  })
  expect(Object.keys(services.env).sort()).toEqual(['DATABASE_URL', 'MEMCACHED_SERVERS', 'REDIS_URL'])
  expect(services.versions.map(({ id, driver }) => [id, driver])).toEqual([
    ['redis', 'native'],
    ['postgres', 'native'],
    ['memcached', 'native'],
    ['nginx', 'native'],
  ])
  const redis = new Redis(services.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: 0, enableReadyCheck: false })
  await redis.set('a key', 'v', 'EX', 60)
  await redis.get('none')
  redis.disconnect()
  const client = new Client({ connectionString: services.env['DATABASE_URL'] })
  await client.connect()
  await client.query('SELECT $1::int + 1 AS sum', [41])
  await client.query('SELECT 1/0').catch(() => {})
  await client.end()
  const said = (id: string) => services.linked.get(id)?.link.exchanges.map(({ text, reply }) => `${text} -> ${reply}`)
  expect(said('redis')?.slice(-2)).toEqual(['SET "a key" v EX 60 -> OK', 'GET none -> (nil)'])
  expect(said('postgres')).toEqual([
    'SELECT $1::int + 1 AS sum -> SELECT 1 (rows: 1)',
    'SELECT 1/0 -> ERROR 22012: division by zero',
  ])
  expect(services.linked.get('postgres')?.link.exchanges[0]?.args).toEqual(['41'])

  await services[Symbol.asyncDispose]()
  await run[Symbol.asyncDispose]()
  expect(stillRunning(markedWith(run.scope.id))).toEqual([])
})

test('when one service can not be had the others are stopped, and the message says what was tried', async () => {
  const path = { PATH: `${import.meta.dirname}/nowhere`, DOCKER_HOST: 'unix:///nonexistent/docker.sock' }
  const run = openTestServices('auto', { hostEnvironment: path })
  const error = await startServices({
    ids: ['memcached', 'mongodb'],
    settings: run.settings,
    scope: run.scope,
    signal: AbortSignal.timeout(30_000),
  }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    name: 'UserError',
    code: 'environment',
    message: expect.stringMatching(
      /needs Memcached.*docker +no Docker engine answers.*native +memcached is not installed/s,
    ),
    remedy: expect.stringMatching(/systemctl start docker|open -a Docker/),
  })
  await run[Symbol.asyncDispose]()
})

test.each<[ServiceSettings['driver'], RegExp]>([
  ['docker', /Docker.*unix:\/\/\/nonexistent/s],
  ['embedded', /npm package/],
])('a driver that was asked for is not replaced by another: %s', async (driver, reason) => {
  await using run = openTestServices(driver, {
    hostEnvironment: { ...process.env, DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
  })
  await expect(run.start('redis')).rejects.toThrow(reason)
})
