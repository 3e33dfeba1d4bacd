import { connect } from 'node:net'
import memjs from 'memjs'
import { expect, test } from 'vitest'
import { openConnection } from '../../kit/connection.ts'
import { openTestRun } from '../../kit/open-test-run.ts'
import { openTestServices } from '../open-test-services.ts'
import { decodeResp } from './decode-resp.ts'
import { decodeSql } from './decode-sql.ts'
import { openLink } from './service-link.ts'

test.each([1, 3, 1000])('RESP is understood in pieces of %i bytes, whatever is in the values', (size) => {
  const decoder = decodeResp()
  const bytes = Buffer.from('*3\r\n$3\r\nSET\r\n$5\r\na\r\nbc\r\n$6\r\nZoë "\r\nPING\r\n*2\r\n$3\r\nget\r\n$1\r\nk\r\n')
  const messages = []
  for (let at = 0; at < bytes.length; at += size) messages.push(...decoder.sent(bytes.subarray(at, at + size)))
  expect(messages.map(({ name, args }) => [name, ...args])).toEqual([
    ['SET', 'a\r\nbc', 'Zoë "'],
    ['PING'],
    ['GET', 'k'],
  ])
  const replies = Buffer.from('+OK\r\n$-1\r\n:5\r\n-ERR no\r\n*2\r\n$1\r\na\r\n_\r\n')
  const answers = []
  for (let at = 0; at < replies.length; at += size) answers.push(...decoder.received(replies.subarray(at, at + size)))
  expect(answers).toEqual(['OK', '(nil)', '5', 'error: ERR no', '[a, (nil)]'])
})

test('a link lets through what is no RESP, and goes on to understand other connections', async () => {
  await using run = openTestRun()
  expect(run.run.exercise.id).toBe('example')
  await using services = openTestServices('native')
  const server = await services.start('redis')
  const { definition } = services.request('redis')
  await using link = await openLink({
    target: () => ({ host: server.host, port: server.ports.main }),
    dialect: definition.dialect,
    environment: (address) => definition.environment(address),
  })
  for (const words of ['*1\r\n'.repeat(100_000), '$abc\r\n', '*99999999999\r\n'] as const) {
    const broken = await openConnection({ port: link.port })
    await broken.write(words)
    expect(await broken.read('\r\n', { deadline: 4000 }).catch(() => 'closed')).toMatch(/ERR|closed/)
    broken.destroy()
  }
  const sound = await openConnection({ port: link.port })
  await sound.write('PING\r\n')
  expect(await sound.read('\r\n')).toBe('+PONG\r\n')
  expect(link.exchanges.at(-1)).toMatchObject({ name: 'PING', reply: 'PONG' })
  sound.destroy()
})

test('bytes that are no SQL conversation end no process', () => {
  const decoder = decodeSql()
  expect(decoder.sent(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toEqual([])
  expect(decoder.sent(Buffer.alloc(64))).toEqual([])
  expect(decoder.received(Buffer.alloc(64, 0xff))).toEqual([])
})

test('Memcached is understood in both of its languages', async () => {
  await using run = openTestRun()
  await using services = openTestServices('native')
  const server = await services.start('memcached')
  const { definition } = services.request('memcached')
  await using link = await openLink({
    target: () => ({ host: server.host, port: server.ports.main }),
    dialect: definition.dialect,
    environment: (address) => definition.environment(address),
  })
  expect(run.run.exercise.id).toBe('example')
  expect(link.env).toEqual({ MEMCACHED_SERVERS: `127.0.0.1:${link.port}` })

  const client = memjs.Client.create(`127.0.0.1:${link.port}`)
  await client.set('a', 'one', { expires: 60 })
  await client.get('a')
  await client.get('none')
  client.close()
  expect(link.exchanges.map(({ text, reply }) => `${text} -> ${reply}`)).toEqual([
    'set a 0 60 3 one -> OK',
    'get a -> OK one',
    'get none -> NOT_FOUND',
  ])
  link.forget()

  const text = await openConnection({ port: link.port })
  await text.write('set b 0 60 3\r\ntwo\r\nget b\r\n')
  await text.read('END\r\n')
  text.destroy()
  expect(link.exchanges.map(({ name, args, reply }) => [name, args, reply])).toEqual([
    ['set', ['b', '0', '60', '3'], 'STORED'],
    ['get', ['b'], 'VALUE b 0 3 two END'],
  ])
  expect(link.exchanges[0]?.ms).toBeGreaterThanOrEqual(0)
})

test('a link that is cut refuses, and goes on where it was when it is restored', async () => {
  await using services = openTestServices('native')
  const server = await services.start('redis')
  await using link = await openLink({
    target: () => ({ host: server.host, port: server.ports.main }),
    dialect: 'resp',
    environment: () => ({}),
  })
  const tryIt = () =>
    new Promise<string>((resolve) => {
      const socket = connect(link.port, '127.0.0.1')
      socket.once('connect', () => socket.write('PING\r\n'))
      socket.once('data', (bytes) => {
        socket.destroy()
        resolve(bytes.toString())
      })
      socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''))
    })
  expect(await tryIt()).toBe('+PONG\r\n')
  link.cut()
  expect(await tryIt()).toBe('ECONNREFUSED')
  link.restore()
  await expect.poll(tryIt).toBe('+PONG\r\n')
})
