import { expect } from 'vitest'
import { note, step, test } from 'learn-backend/kit'
import {
  answerAll,
  asked,
  expectAnswer,
  expectLikeUpstream,
  forwarder,
  gate,
  hold,
  inBackground,
  mixedCase,
  newAddress,
  newName,
  reachesUpstream,
  udpClient,
  waitFor,
} from './forwarder.ts'
import { question, questionOf } from './message.ts'

const rdOf = (flags: number) => `the question had flags 0x${flags.toString(16).padStart(4, '0')}; RD is 0x0100`

step('udp', () => {
  test('a question gets the answer of the upstream, under its own id', async ({ start, dns, random }) => {
    const [name, ip, id] = [newName(random), newAddress(random), random.int(0, 65_535)]
    const upstream = await dns.start({ records: [`host-record=${name},${ip},300`] })
    const app = await forwarder(start, upstream)
    const answer = await dns.ask(app, { name }, { id })
    expectAnswer(answer, { name, id, answers: [ip] }, `the upstream knows ${name}`)
    expect(asked(upstream, name), 'the upstream is asked once').toBe(1)
  })

  test('the question comes back in its own letters, with its own RD bit', async ({ start, dns, random }) => {
    const ip = newAddress(random)
    const upstream = await dns.start({ records: [`address=/letters.test/${ip}`] })
    const app = await forwarder(start, upstream)
    for (const flags of [0x0100, 0x0000]) {
      const name = mixedCase(random, newName(random, 'letters.test'))
      const answer = await dns.ask(app, { name }, { flags })
      expectAnswer(answer, { name, answers: [ip] }, 'the question comes back as it was asked, upper case included')
      expect(answer.recursionDesired, rdOf(flags)).toBe(flags === 0x0100)
    }
  })

  test('records of every type come through', async ({ start, dns, random }) => {
    const name = () => newName(random)
    const [six, alias, target, text, mail, service, unknown] = [name(), name(), name(), name(), name(), name(), name()]
    const upstream = await dns.start({
      records: [
        `host-record=${six},2001:db8::${random.hex(4)},300`,
        `host-record=${target},${newAddress(random)},300`,
        `cname=${alias},${target},120`,
        `txt-record=${text},"${random.words(4)}","${random.words(2)}"`,
        `mx-host=${mail},mail.${mail},${random.int(1, 99)}`,
        `srv-host=_imap._tcp.${service},${service},${random.int(1, 9999)},3,4`,
        `dns-rr=${unknown},65400,${random.hex(32)}`,
      ],
    })
    const app = await forwarder(start, upstream)
    const questions = [
      { name: six, type: 'AAAA' },
      { name: alias, type: 'A' },
      { name: text, type: 'TXT' },
      { name: mail, type: 'MX' },
      { name: `_imap._tcp.${service}`, type: 'SRV' },
      { name: unknown, type: 'UNKNOWN_65400' },
    ]
    for (const asking of questions) {
      const direct = await dns.ask({ port: upstream.port }, asking)
      const why = `${asking.type} of ${asking.name} should come as the upstream answers it`
      expectLikeUpstream(await dns.ask(app, asking), direct, why)
    }
  })

  test('errors and empty answers come through', async ({ start, dns, random }) => {
    const [name, ip] = [newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [`host-record=${name},${ip},300`, 'local=/test/'] })
    const app = await forwarder(start, upstream)
    const nobody = newName(random)
    expectAnswer(await dns.ask(app, { name: nobody }), { name: nobody, rcode: 'NXDOMAIN' }, 'there is no such name')
    const empty = await dns.ask(app, { name, type: 'AAAA' })
    expectAnswer(empty, { name, type: 'AAAA' }, 'the name exists, but has no record of this type: that is NOERROR')
    const elsewhere = newName(random, 'example')
    const refused = await dns.ask(app, { name: elsewhere })
    expectAnswer(refused, { name: elsewhere, rcode: 'REFUSED' }, 'the upstream refuses what it is not responsible for')
  })
})

step('many', () => {
  test('clients with the same id get their own answers, in whatever order these come', async ({
    start,
    dns,
    random,
  }) => {
    const names = Array.from({ length: 40 }, () => newName(random))
    const addresses = names.map((_, i) => `192.0.2.${i + 1}`)
    const upstream = await dns.start({ records: names.map((name, i) => `host-record=${name},${addresses[i]},300`) })
    const app = await forwarder(start, upstream)
    const gates = names.map(() => gate())
    upstream.link.answer(async (query) => {
      await gates[names.indexOf(questionOf(query).key)]?.opened
      return undefined
    })
    const id = random.int(0, 65_535)
    const answers = names.map((name) => inBackground(dns.ask(app, { name }, { id, deadline: 8000 })))
    await waitFor(() => upstream.link.queries.length >= names.length)
    const why = '40 questions came at once, and the upstream has not answered yet: it should have got them all'
    expect(upstream.link.queries.length, why).toBe(names.length)
    for (const i of random.shuffle([...names.keys()])) {
      gates[i]?.open()
      const answer = await answers[i]
      if (!answer) continue
      const [name = '', ip] = [names[i], addresses[i]]
      const mine = `40 clients use the id ${id}, and the upstream answers in another order: each gets its own answer`
      expectAnswer(answer, { name, id, answers: [ip] }, mine)
    }
  })

  test('one client may have many questions on their way', async ({ start, dns, random }) => {
    const names = Array.from({ length: 12 }, () => newName(random))
    const upstream = await dns.start({ records: names.map((name, i) => `host-record=${name},192.0.2.${i + 1},300`) })
    const app = await forwarder(start, upstream)
    upstream.link.delay(50)
    using client = await udpClient()
    const first = random.int(1, 60_000)
    for (const [i, name] of names.entries()) await client.send(question({ name, id: first + i }), app.port)
    await waitFor(() => client.received.length >= names.length)
    const got = client.received.map((answer) => `${questionOf(answer).name} under id ${answer.readUInt16BE(0)}`)
    const right = names.map((name, i) => `${name} under id ${first + i}`)
    const why = 'one client asks 12 questions from one port, each with its own id; all of them are answered'
    expect(got.sort(), why).toEqual(right.sort())
  })

  test('a slow question keeps no other waiting, and is not repeated', async ({ start, dns, random }) => {
    const [slow, ip] = [newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [`host-record=${slow},${ip},300`, `address=/fast.test/${ip}`] })
    const app = await forwarder(start, upstream)
    const wait = gate()
    hold(upstream, [slow], wait.opened)
    const waiting = inBackground(dns.ask(app, { name: slow }, { deadline: 8000 }))
    await reachesUpstream(upstream, slow, 'the first question')
    note(`the upstream is slow with ${slow}, and answers everything else at once`)
    const startedAt = performance.now()
    for (let i = 0; i < 3 || performance.now() - startedAt < 350; i++) {
      const name = newName(random, 'fast.test')
      const answer = await dns.ask(app, { name })
      expectAnswer(answer, { name, answers: [ip] }, 'the upstream is slow with another question, not with this one')
    }
    expect(asked(upstream, slow), 'a question goes to the upstream once: clients repeat theirs themselves').toBe(1)
    wait.open()
    expectAnswer(await waiting, { name: slow, answers: [ip] }, 'the slow answer has come in the end')
  })

  test('nobody can guess the ids for the upstream', async ({ start, dns, random }) => {
    const upstream = await dns.start({ records: [] })
    answerAll(upstream, newAddress(random))
    const app = await forwarder(start, upstream)
    const first = random.int(0, 65_000)
    for (let i = 0; i < 40; i++) await dns.ask(app, { name: newName(random) }, { id: first + i })
    const ids = upstream.link.queries.map(({ id }) => id)
    const list = `the ids of 40 questions to the upstream were ${ids.slice(0, 12).join(', ')}, …`
    const copied = ids.filter((id, i) => id === first + i).length
    expect(copied, `${list}, those that the clients had chosen`).toBeLessThan(20)
    const steps = new Set(ids.slice(1).map((id, i) => id - (ids[i] ?? 0)))
    expect(steps.size, `${list}: who has seen some of them knows the next ones. Take random ones`).toBeGreaterThan(30)
    const few = `${list}: all ids from 0 to 65535 should be equally likely`
    expect(Math.max(...ids), few).toBeGreaterThan(40_000)
    expect(Math.min(...ids), few).toBeLessThan(25_000)
  })
})

step('blocklist', () => {
  const why = (name: string, list: string) => `BLOCKLIST is ${list}, and ${name} belongs to it`

  test('a blocked domain and all below it do not exist, and the upstream is not asked', async ({
    start,
    dns,
    random,
  }) => {
    const [first, second] = [newName(random, 'example'), newName(random, 'test')]
    const blocklist = `${first},${second}`
    const upstream = await dns.start({ records: [] })
    answerAll(upstream, newAddress(random))
    const app = await forwarder(start, upstream, { blocklist })
    for (const name of [first, second, `www.${first}`, `a.b.c.${second}`]) {
      for (const type of ['A', 'AAAA', random.pick(['TXT', 'MX', 'UNKNOWN_65'])]) {
        const [id, flags] = [random.int(0, 65_535), type === 'A' ? 0x0000 : 0x0100]
        const answer = await dns.ask(app, { name, type }, { id, flags })
        expectAnswer(answer, { name, type, id, rcode: 'NXDOMAIN' }, why(name, blocklist))
        expect(answer.recursionDesired, rdOf(flags)).toBe(flags === 0x0100)
        expect(answer.authorities, 'an answer of your own has no records').toEqual([])
      }
    }
    expect(upstream.link.queries, 'only blocked names were asked for: the upstream has no part in it').toEqual([])
  })

  test('names that only look alike are not blocked', async ({ start, dns, random }) => {
    const [label, ip] = [`${random.word()}${random.hex(4)}`, newAddress(random)]
    const blocklist = `${label}.example,tracker.${label}.test`
    const upstream = await dns.start({ records: [] })
    answerAll(upstream, ip)
    const app = await forwarder(start, upstream, { blocklist })
    const innocent = [
      `not${label}.example`,
      `www.not${label}.example`,
      `not-${label}.example`,
      'example',
      `${label}.example.com`,
      `${label}.examples`,
      `${label}x.example`,
      label,
      `${label}.test`,
      `tracker.${label}`,
      `tracker.x.${label}.test`,
    ]
    for (const name of innocent) {
      const answer = await dns.ask(app, { name })
      expectAnswer(answer, { name, answers: [ip] }, `BLOCKLIST is ${blocklist}, and ${name} does not belong to it`)
    }
  })

  test('upper and lower case are the same', async ({ start, dns, random }) => {
    const domain = newName(random, 'example')
    const upstream = await dns.start({ records: [] })
    answerAll(upstream, newAddress(random))
    const blocklist = mixedCase(random, domain)
    const app = await forwarder(start, upstream, { blocklist })
    for (const name of [domain, domain.toUpperCase(), mixedCase(random, `www.${domain}`)]) {
      expectAnswer(await dns.ask(app, { name }), { name, rcode: 'NXDOMAIN' }, why(name, blocklist))
    }
  })
})
