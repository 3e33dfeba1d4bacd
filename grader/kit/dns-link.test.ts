import './matchers.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freePort } from '../solution/free-port.ts'
import { openConnection } from './connection.ts'
import { askDns, type DnsOptions } from './dns-client.ts'
import { type DnsLink, startDnsLink } from './dns-link.ts'
import { openTestRun } from './open-test-run.ts'
import { sleep } from './time.ts'

let run: ReturnType<typeof openTestRun>
let dnsmasq: ChildProcess
let port: number
let link: DnsLink

beforeAll(async () => {
  port = await freePort()
  const settings = ['-k', '-C', '/dev/null', '-p', `${port}`, '-a', '127.0.0.1', '-z', '-R', '-h']
  dnsmasq = spawn('dnsmasq', [...settings, '--host-record=a.test,192.0.2.1,300', '--local=/test/'], { stdio: 'ignore' })
})
afterAll(async () => {
  dnsmasq.kill('SIGKILL')
  await once(dnsmasq, 'exit')
})
beforeEach(async () => {
  run = openTestRun()
  await expect.poll(() => askDns({ port }, { name: 'a.test' }).catch(() => undefined)).toBeDefined()
  link = await startDnsLink({ port })
})
afterEach(async () => {
  await link[Symbol.asyncDispose]()
  await run[Symbol.asyncDispose]()
})

const ask = (options: DnsOptions = {}) => askDns(link, { name: 'A.test' }, { deadline: 300, ...options })
const transports = ['udp', 'tcp'] as const

test('questions go through over UDP and TCP, and are recorded', async () => {
  for (const transport of transports) {
    expect(await ask({ transport, id: 5 })).toMatchObject({ id: 5, answers: [{ data: '192.0.2.1' }] })
  }
  expect(link.address).toBe(`127.0.0.1:${link.port}`)
  expect(link.queries).toMatchObject([
    { transport: 'udp', name: 'A.test', type: 'A', id: 5, port: expect.any(Number) },
    { transport: 'tcp', name: 'A.test', type: 'A', id: 5, port: expect.any(Number) },
  ])
  link.forget()
  expect(link.queries).toEqual([])
})

test('questions that come at once get their own answers', async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => ask({ id: i, transport: transports[i % 2]! })))
  expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 30 }, (_, i) => i))
})

test('several questions on one connection are answered, however they are cut', async () => {
  const connection = await openConnection(link)
  const question = Buffer.from('0018000701000001000000000000016104746573740000010001', 'hex')
  await connection.write(Buffer.concat([question, question.subarray(0, 1)]))
  await sleep(20)
  await connection.write(question.subarray(1))
  for (let i = 0; i < 2; i++) {
    const length = (await connection.readBytes(2)).readUInt16BE()
    expect((await connection.readBytes(length)).readUInt16BE()).toBe(7)
  }
  connection.destroy()
})

test('answers are delayed', async () => {
  link.delay(80)
  for (const transport of transports) expect(await ask({ transport })).toTakeAtLeast(75)
  link.restore()
  expect(await ask()).toTakeAtMost(70)
})

test('a blackhole records and answers nothing until it is restored', async () => {
  link.delay(60)
  const late = ask()
  await expect.poll(() => link.queries.length).toBe(1)
  link.blackhole()
  for (const transport of transports) {
    await expect(ask({ transport, deadline: 50 })).rejects.toMatchObject({ code: 'timeout' })
  }
  await expect(late).rejects.toMatchObject({ code: 'timeout' })
  expect(link.queries).toHaveLength(3)
  link.restore()
  for (const transport of transports) expect(await ask({ transport })).toMatchObject({ rcode: 'NOERROR' })
})

test('answers are forged: one, several, none, later, or left to the server', async () => {
  const refused = (query: Buffer) => {
    const answer = Buffer.from(query)
    answer.writeUInt16BE(0x8185, 2)
    return answer
  }
  link.answer((query, transport) => (transport === 'udp' ? refused(query) : undefined))
  expect(await ask()).toMatchObject({ rcode: 'REFUSED' })
  expect(await ask({ transport: 'tcp' })).toMatchObject({ rcode: 'NOERROR' })
  link.answer((query) => [refused(query), Buffer.from('not read any more')])
  expect(await ask()).toMatchObject({ rcode: 'REFUSED' })
  expect(await ask({ transport: 'tcp' })).toMatchObject({ rcode: 'REFUSED' })
  link.answer(() => [])
  await expect(ask({ deadline: 50 })).rejects.toMatchObject({ code: 'timeout' })
  link.answer(async (query) => {
    await sleep(50)
    return refused(query)
  })
  expect(await ask()).toTakeAtLeast(45)
  link.answer(undefined)
  expect(await ask()).toMatchObject({ rcode: 'NOERROR' })
  link.answer(() => [])
  link.restore()
  expect(await ask()).toMatchObject({ rcode: 'NOERROR' })
})

test('what is no question is recorded without a name, and passed on', async () => {
  await expect(askDns(link, Buffer.from('nonsense'), { deadline: 50 })).rejects.toMatchObject({ code: 'timeout' })
  expect(link.queries).toMatchObject([{ name: '', type: '', id: 0x6e6f }])
})

test('a server that is gone is silent over UDP, and closes over TCP', async () => {
  await using lonely = await startDnsLink({ port: await freePort() })
  const question = { name: 'a.test' }
  await expect(askDns(lonely, question, { deadline: 50 })).rejects.toMatchObject({ code: 'timeout' })
  await expect(askDns(lonely, question, { transport: 'tcp' })).rejects.toMatchObject({ code: 'reset' })
  expect(lonely.queries).toHaveLength(2)
})
