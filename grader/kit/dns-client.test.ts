import './matchers.ts'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freePort } from '../solution/free-port.ts'
import { exchangeOf } from './answer.ts'
import { crashOf } from './app.ts'
import { askDns } from './dns-client.ts'
import { SolutionFailure } from './evidence.ts'
import { openTestRun } from './open-test-run.ts'
import { sleep } from './time.ts'

let run: ReturnType<typeof openTestRun>
let dnsmasq: ChildProcess
let port: number
const servers: (Server | ReturnType<typeof createSocket>)[] = []
const long = 'x'.repeat(200)

beforeAll(async () => {
  port = await freePort()
  const records = ['host-record=a.test,192.0.2.1,300', `txt-record=big.test,${long},${long},${long}`, 'local=/test/']
  const settings = ['-k', '-C', '/dev/null', '-p', `${port}`, '-a', '127.0.0.1', '-z', '-R', '-h']
  dnsmasq = spawn('dnsmasq', [...settings, ...records.map((record) => `--${record}`)], { stdio: 'ignore' })
})
afterAll(async () => {
  dnsmasq.kill('SIGKILL')
  await once(dnsmasq, 'exit')
})
beforeEach(async () => {
  run = openTestRun()
  await expect.poll(() => askDns({ port }, { name: 'a.test' }).catch(() => undefined)).toBeDefined()
})
afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await run[Symbol.asyncDispose]()
})

/** A server that answers each message with these bytes. */
async function udpServer(answer: (question: Buffer) => Buffer | undefined): Promise<number> {
  const socket = createSocket('udp4')
  servers.push(socket)
  socket.on('message', (question, from) => {
    const bytes = answer(question)
    if (bytes) socket.send(bytes, from.port, from.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return socket.address().port
}

async function tcpServer(bytes: Buffer | undefined): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => (bytes ? socket.write(bytes) : socket.end()))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

test('a real server is asked over UDP and TCP', async () => {
  for (const transport of ['udp', 'tcp'] as const) {
    const answer = await askDns({ port }, { name: 'A.test' }, { transport, id: 4711 })
    expect(answer).toMatchObject({
      id: 4711,
      rcode: 'NOERROR',
      truncated: false,
      recursionDesired: true,
      recursionAvailable: true,
      questions: [{ name: 'A.test', type: 'A', class: 'IN' }],
      answers: [{ name: 'A.test', type: 'A', class: 'IN', ttl: 300, data: '192.0.2.1' }],
      additionals: [],
    })
    expect(answer.raw.readUInt16BE()).toBe(4711)
    expect(answer).toTakeAtMost(1000)
  }
  expect(await askDns({ port }, { name: 'nobody.test' })).toMatchObject({ rcode: 'NXDOMAIN', answers: [] })
})

test('what does not fit is truncated, unless EDNS gives it room', async () => {
  const question = { name: 'big.test', type: 'TXT' }
  expect(await askDns({ port }, question)).toMatchObject({ truncated: true })
  const roomy = await askDns({ port }, question, { edns: 1232 })
  expect(roomy).toMatchObject({ truncated: false, answers: [{ type: 'TXT', data: [long, long, long] }] })
  expect(roomy.additionals).toMatchObject([{ type: 'OPT', data: { udpPayloadSize: 1232, flag_do: false } }])
  expect(await askDns({ port }, question, { transport: 'tcp' })).toMatchObject({ answers: [{ type: 'TXT' }] })
})

test('evidence says what was asked and how dig asks it again', async () => {
  const answer = await askDns({ port }, { name: 'a.test' }, { id: 7 })
  const evidence = {
    asked: `dig @127.0.0.1 -p ${port} a.test A +noedns`,
    replay: 'dig @127.0.0.1 -p 4000 a.test A +noedns',
    got: 'NOERROR about a.test A (id 7, authoritative); 1 in the answer: a.test 300 A 192.0.2.1',
  }
  expect(exchangeOf.get(answer)).toEqual(evidence)
  expect(run.run.recorder.evidence()).toEqual(evidence)
  const other = await askDns(
    { port },
    { name: "it's.test", type: 'UNKNOWN_65' },
    { transport: 'tcp', edns: 4096, flags: 0 },
  )
  expect(exchangeOf.get(other)?.asked).toBe(
    `dig @127.0.0.1 -p ${port} 'it'\\''s.test' TYPE65 +tcp +bufsize=4096 +norecurse`,
  )
})

test('bytes are sent as they are, and shown with a command that sends them again', async () => {
  const bytes = Buffer.from('000701000001000000000000016104746573740000010001', 'hex')
  const answer = await askDns({ port }, bytes)
  expect(answer).toMatchObject({ id: 7, answers: [{ data: '192.0.2.1' }] })
  const { asked, replay = '' } = exchangeOf.get(answer) ?? {}
  expect(asked).toBe(`24 bytes by UDP to 127.0.0.1:${port}: ${bytes.toString('hex')}`)
  expect(replay).toMatch(/^printf '\\000\\007.*' \| nc -u -w 2 127\.0\.0\.1 4000 \| xxd$/)
  const typed = execFileSync('sh', ['-c', replay.split(' | ')[0] ?? ''])
  expect(typed.equals(bytes)).toBe(true)
  expect(await askDns({ port }, bytes, { transport: 'tcp' })).toMatchObject({ id: 7 })
})

test('silence, a closed port and a closed connection are told apart', async () => {
  const silent = await udpServer(() => undefined)
  await expect(askDns({ port: silent }, { name: 'a.test' }, { deadline: 50 })).rejects.toMatchObject({
    code: 'timeout',
    message: 'No answer within 50 ms.',
    evidence: { asked: `dig @127.0.0.1 -p ${silent} a.test A +noedns`, got: 'nothing within 50 ms' },
  })
  expect(run.run.recorder.evidence()).toMatchObject({ got: 'nothing within 50 ms' })
  const half = await tcpServer(Buffer.from('00ff0102', 'hex'))
  await expect(askDns({ port: half }, { name: 'a.test' }, { deadline: 50, transport: 'tcp' })).rejects.toMatchObject({
    code: 'timeout',
    evidence: { got: expect.stringMatching(/^4 bytes, /) },
  })
  const closing = await tcpServer(undefined)
  await expect(askDns({ port: closing }, { name: 'a.test' }, { transport: 'tcp' })).rejects.toMatchObject({
    code: 'reset',
    evidence: { got: 'a closed connection' },
  })
  const unused = await freePort()
  for (const transport of ['udp', 'tcp'] as const) {
    await expect(askDns({ port: unused }, { name: 'a.test' }, { transport })).rejects.toMatchObject({ code: 'refused' })
  }
})

test('what is not a DNS answer is malformed', async () => {
  const cutText = Buffer.from('81800001000100000000016104746573740000100001c00c001000010000000100100f6162', 'hex')
  const answers: [string, (question: Buffer) => Buffer][] = [
    ['its QR bit is 0, so it is a question', (question) => question],
    ['it has 5 bytes, and the header alone takes 12', () => Buffer.from('hello')],
    [
      'it ends too early',
      (question) => Buffer.concat([question.subarray(0, 2), Buffer.from('81800001', 'hex'), question.subarray(6, -2)]),
    ],
    ['it ends too early', (question) => Buffer.concat([question.subarray(0, 2), cutText])],
    [
      '2 bytes follow after the records that its header counts',
      (question) =>
        Buffer.concat([question.subarray(0, 2), Buffer.from('8180', 'hex'), question.subarray(4), Buffer.from('ab')]),
    ],
  ]
  for (const [reason, answer] of answers) {
    await expect(askDns({ port: await udpServer(answer) }, { name: 'a.test' })).rejects.toMatchObject({
      code: 'malformed',
      message: `The answer is not a DNS answer: ${reason}.`,
      evidence: { expected: 'a DNS answer', got: expect.stringMatching(/^\d+ bytes: [0-9a-f]+/) },
    })
  }
})

test('the end of the program behind the port is the reason, and is not waited for', async () => {
  const silent = await udpServer(() => undefined)
  const crash = new SolutionFailure('crashed', 'The program crashed.', { got: 'it exited with code 1' })
  const server = { port: silent, exited: sleep(30), [crashOf]: () => crash }
  const startedAt = performance.now()
  await expect(askDns(server, { name: 'a.test' })).rejects.toMatchObject({
    code: 'crashed',
    evidence: { asked: `dig @127.0.0.1 -p ${silent} a.test A +noedns`, got: 'it exited with code 1' },
  })
  expect(performance.now() - startedAt).toBeLessThan(900)
  const stopped = { port: silent, exited: Promise.resolve(), [crashOf]: () => undefined }
  await expect(askDns(stopped, { name: 'a.test' })).rejects.toMatchObject({ code: 'reset' })
})
