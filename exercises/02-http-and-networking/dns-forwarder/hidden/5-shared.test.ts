import { expect } from 'vitest'
import { type App, sleep, step, test, together } from 'learn-backend/kit'
import {
  asked,
  type Dns,
  type DnsUpstream,
  expectAnswer,
  forwarder,
  gate,
  hold,
  inBackground,
  mixedCase,
  newAddress,
  newName,
  reachesUpstream,
  waitFor,
} from './forwarder.ts'
import { address, answerTo, question, questionOf, uint16 } from './message.ts'

/** Resolves when the server has most likely taken in all questions that were sent to it before. */
async function takenIn(dns: Dns, app: App, upstream: DnsUpstream, marker: string): Promise<void> {
  const last = inBackground(dns.ask(app, { name: marker }, { deadline: 8000 }))
  await waitFor(() => asked(upstream, marker) > 0)
  await last
  await sleep(150)
}

step('shared', () => {
  test('clients that ask the same at the same time share one question', async ({ start, dns, random }) => {
    const [name, marker, ip] = [newName(random), newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [`host-record=${name},${ip},300`, `host-record=${marker},${ip},300`] })
    const app = await forwarder(start, upstream)
    const wait = gate()
    hold(upstream, [name], wait.opened)
    const clients = Array.from({ length: 24 }, (_, i) => ({
      name: mixedCase(random, name),
      id: random.int(0, 65_535),
      flags: random.pick([0x0000, 0x0100]),
      transport: i % 4 === 3 ? ('tcp' as const) : ('udp' as const),
    }))
    const answers = clients.map(({ name: mine, ...options }) =>
      inBackground(dns.ask(app, { name: mine }, { ...options, deadline: 8000 })),
    )
    await takenIn(dns, app, upstream, marker)
    const one = '24 clients ask the same, and the upstream has not answered yet: it is asked once, on behalf of all'
    expect(asked(upstream, name), one).toBe(1)
    wait.open()
    for (const [i, answer] of (await Promise.all(answers)).entries()) {
      const { name: mine = '', id = 0, flags } = clients[i] ?? {}
      const why = 'each client gets the one answer under its own id, with the question in its own letters'
      expectAnswer(answer, { name: mine, id, answers: [ip] }, why)
      expect(answer.recursionDesired, 'each client gets its own RD bit').toBe(flags === 0x0100)
    }
    expect(asked(upstream, name), one).toBe(1)
  })

  test('each client gets what it has room for', async ({ start, dns, random }) => {
    const name = newName(random)
    const data = [random.hex(250), random.hex(250), random.hex(250)]
    const upstream = await dns.start({ records: [`txt-record=${name},${data.join(',')}`, 'local-ttl=300'] })
    const app = await forwarder(start, upstream)
    upstream.link.delay(150)
    const options = random.shuffle([{}, { edns: 1232 }, { transport: 'tcp' as const }, { edns: 512 }])
    const answers = await together(4, (i) => dns.ask(app, { name, type: 'TXT' }, options[i] ?? {}))
    for (const [i, answer] of answers.entries()) {
      const { edns, transport } = { edns: 0, transport: 'udp', ...options[i] }
      const room = transport === 'tcp' || edns === 1232
      const why = `four clients ask the same over ${transport}, ${edns ? `with an OPT record of ${edns}` : 'without OPT'}`
      expect(answer.truncated, `${why}: the TC bit`).toBe(!room)
      if (room) expectAnswer(answer, { name, type: 'TXT', answers: [data] }, why)
      else expect(answer.raw.length, `${why}: the size`).toBeLessThanOrEqual(512)
    }
  })

  test('questions that differ are asked separately', async ({ start, dns, random }) => {
    const [name, ip] = [newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [`host-record=${name},${ip},2001:db8::7,300`] })
    const app = await forwarder(start, upstream)
    upstream.link.delay(200)
    const other = `${name.slice(1)}x`
    const [four, six, nobody] = await Promise.all([
      dns.ask(app, { name }),
      dns.ask(app, { name, type: 'AAAA' }),
      dns.ask(app, { name: other }),
    ])
    const why = 'these three were asked at the same time: A and AAAA of one name, and A of another name'
    expectAnswer(four, { name, answers: [ip] }, why)
    expectAnswer(six, { name, type: 'AAAA', answers: ['2001:db8::7'] }, why)
    expectAnswer(nobody, { name: other, rcode: nobody.rcode }, why)
    expect(asked(upstream, name), `${why}: three questions for the upstream`).toBe(2)
  })

  test('what can not be remembered is shared only while it is on its way', async ({ start, dns, random }) => {
    const [name, marker] = [newName(random), newName(random)]
    const upstream = await dns.start({ records: [] })
    const app = await forwarder(start, upstream)
    const wait = gate()
    upstream.link.answer(async (query) => {
      if (questionOf(query).key === marker) return answerTo(query, { rcode: 3 })
      await wait.opened
      return answerTo(query, { answers: [{ ttl: 0, data: address(`192.0.2.${asked(upstream, name)}`) }] })
    })
    const early = Array.from({ length: 5 }, () => inBackground(dns.ask(app, { name }, { deadline: 8000 })))
    await takenIn(dns, app, upstream, marker)
    wait.open()
    const why = 'five clients asked before the answer was there, its TTL is 0: they still share it'
    for (const answer of await Promise.all(early)) expectAnswer(answer, { name, answers: ['192.0.2.1'] }, why)
    const later = 'this client asked after the answer, whose TTL is 0, had come: the upstream is asked again'
    expectAnswer(await dns.ask(app, { name }), { name, answers: ['192.0.2.2'] }, later)
  })

  test('if there is no answer, all get SERVFAIL and the next question is asked again', async ({
    start,
    dns,
    random,
  }) => {
    const [name, ip] = [newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [`host-record=${name},${ip},300`] })
    const app = await forwarder(start, upstream, { timeoutMs: 600 })
    upstream.link.blackhole()
    const answers = await together(8, (i) =>
      dns.ask(app, { name }, { deadline: 4000, transport: i % 4 === 3 ? 'tcp' : 'udp' }),
    )
    const why = 'eight clients ask the same, and the upstream is silent'
    for (const answer of answers) expectAnswer(answer, { name, rcode: 'SERVFAIL' }, why)
    expect(asked(upstream, name), `${why}: it is asked once`).toBe(1)
    upstream.link.restore()
    const next = 'the upstream is back: a new question is asked again, and not tied to the one that failed'
    expectAnswer(await dns.ask(app, { name }), { name, answers: [ip] }, next)
  })

  test('a client that leaves takes nobody with it', async ({ start, dns, random }) => {
    const [name, ip] = [newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [`host-record=${name},${ip},300`] })
    const app = await forwarder(start, upstream)
    const wait = gate()
    hold(upstream, [name], wait.opened)
    const first = await app.connect()
    const message = question({ name, id: 1 })
    await first.write(Buffer.concat([uint16(message.length), message]))
    await reachesUpstream(upstream, name, 'the first client asks over TCP')
    const second = inBackground(dns.ask(app, { name }, { deadline: 8000 }))
    first.destroy()
    await sleep(150)
    wait.open()
    const why = 'the client that asked first, over TCP, has left; a second one waits for the same answer'
    expectAnswer(await second, { name, answers: [ip] }, why)
    expect(asked(upstream, name), `${why}: the upstream is asked once`).toBe(1)
  })
})
