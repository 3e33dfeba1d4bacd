import { expect } from 'vitest'
import { note, sleep, SolutionFailure, step, test, together } from 'learn-backend/kit'
import {
  answerAll,
  asked,
  expectAnswer,
  forwarder,
  gate,
  hold,
  inBackground,
  newAddress,
  newName,
  reachesUpstream,
  udpClient,
  waitFor,
} from './forwarder.ts'
import { address, answerTo, header, nameBytes, question, questionOf, uint16, uint32 } from './message.ts'

step('robust', () => {
  test('short messages and answers get no answer', async ({ start, dns, random }) => {
    const [name, ip] = [newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [] })
    answerAll(upstream, ip)
    const app = await forwarder(start, upstream)
    using client = await udpClient()
    const good = question({ name, id: 40_000 })
    for (const length of [0, 1, 2, 5, 11]) await client.send(good.subarray(0, length), app.port)
    const foreign = question({ name: newName(random), id: 40_001, flags: 0x8180 })
    await client.send(foreign, app.port)
    await client.send(answerTo(foreign, { answers: [{ data: address(ip) }] }), app.port)
    await client.send(good, app.port)
    const isGood = (message: Buffer) => message.length >= 2 && message.readUInt16BE() === 40_000
    await waitFor(() => !app.alive || client.received.some(isGood))
    await sleep(100)
    note('sent from one port: messages of 0, 1, 2, 5 and 11 bytes, two messages with QR set, and one good question')
    const got = client.received.map((message) => `${message.length} bytes: ${message.subarray(0, 12).toString('hex')}`)
    const why =
      'only the good question is answered. Who answers answers starts a quarrel of two servers that never ends'
    expect(got, why).toHaveLength(1)
    expect(client.received[0]?.readUInt16BE(), 'the answer to the good question').toBe(40_000)
  })

  test('a question that cannot be read is answered with FORMERR', async ({ start, dns, random }) => {
    const upstream = await dns.start({ records: [] })
    answerAll(upstream, newAddress(random))
    const app = await forwarder(start, upstream)
    const id = random.int(0, 65_535)
    const name = newName(random)
    const head = (questions: number) => header(id, 0x0100, [questions, 0, 0, 0])
    const broken = (...bytes: Buffer[]) => Buffer.concat([head(1), ...bytes])
    const whole = Buffer.concat([nameBytes(name), uint16(1, 1)])
    const label = Buffer.from([63, ...Buffer.from('x'.repeat(63))])
    const messages: Record<string, Buffer> = {
      'QDCOUNT is 0': head(0),
      'QDCOUNT is 2, and there are two questions': Buffer.concat([head(2), whole, whole]),
      'QDCOUNT is 1, and nothing follows': head(1),
      'the message ends within a label': broken(whole.subarray(0, 4)),
      'the message ends before the 0 byte of the name': broken(whole.subarray(0, -5)),
      'the message ends before the type': broken(whole.subarray(0, -4)),
      'the message ends within the class': broken(whole.subarray(0, -1)),
      'a length byte is 64': broken(Buffer.from([64]), Buffer.alloc(64, 0x61), Buffer.from([0]), uint16(1, 1)),
      'a length byte is 128': broken(Buffer.from([128]), Buffer.alloc(128, 0x61), Buffer.from([0]), uint16(1, 1)),
      'the name is a pointer to itself': broken(uint16(0xc00c, 1, 1)),
      'the name ends with a pointer to its beginning': broken(nameBytes('loop').subarray(0, -1), uint16(0xc00c, 1, 1)),
      'the name has 257 bytes': broken(label, label, label, label, Buffer.from([0]), uint16(1, 1)),
    }
    for (const [what, message] of Object.entries(messages)) {
      note(`the message just sent is not a question: ${what}`)
      const answer = await dns.ask(app, message, { id })
      expect(`${answer.rcode} under id ${answer.id}`, what).toBe(`FORMERR under id ${id}`)
    }
    const longest = [63, 63, 63, 61].map((length) => 'y'.repeat(length))
    const answer = await dns.ask(app, question({ name: longest, id }))
    expect(answer.rcode, 'a name of 255 bytes in all is allowed').toBe('NOERROR')
  })

  test('other operations than a query are answered with NOTIMP', async ({ start, dns, random }) => {
    const upstream = await dns.start({ records: [] })
    const app = await forwarder(start, upstream)
    for (const opcode of random.sample([1, 2, 4, 5, 6, 15], 3)) {
      const id = random.int(0, 65_535)
      const answer = await dns.ask(app, question({ name: newName(random), id, flags: opcode << 11 }))
      expect(`${answer.rcode} under id ${answer.id}`, `OPCODE is ${opcode}`).toBe(`NOTIMP under id ${id}`)
    }
  })

  test('the server lives on, whatever clients send', async ({ start, dns, random }) => {
    const ip = newAddress(random)
    const upstream = await dns.start({ records: [] })
    answerAll(upstream, ip)
    const app = await forwarder(start, upstream)
    using client = await udpClient()
    for (let round = 1; round <= 5; round++) {
      for (let i = 0; i < 30; i++) {
        const noise = random.bytes(random.int(0, 80))
        const opt = Buffer.concat([Buffer.from([0]), uint16(41, 1232, 0, 0, 65_535), random.bytes(3)])
        const message = Buffer.concat([question({ name: newName(random), id: 7 }), random.bool() ? opt : noise])
        message.writeUInt16BE(random.int(0, 2), random.pick([6, 8, 10]))
        for (let bit = 0; bit < random.int(0, 6); bit++) message[random.int(2, message.length - 1)] = random.int(0, 255)
        await client.send(random.bool(0.3) ? noise : message, app.port)
      }
      const name = newName(random)
      const why = `a good question, after ${round * 30} messages of which most were broken`
      note(why)
      expectAnswer(await dns.ask(app, { name }), { name, answers: [ip] }, why)
    }
  })

  test('the server lives on, whatever seems to come from the upstream', async ({ start, dns, random }) => {
    const ip = newAddress(random)
    const upstream = await dns.start({ records: [] })
    const app = await forwarder(start, upstream, { timeoutMs: 400 })
    const good = (query: Buffer) => answerTo(query, { answers: [{ data: address(ip) }] })
    const oneRecord = (query: Buffer, record: (start: number) => Buffer) => {
      const beginning = answerTo(query, {})
      beginning.writeUInt16BE(1, 6)
      return Buffer.concat([beginning, record(beginning.length), address(ip)])
    }
    const typeToLength = (length: number) => Buffer.concat([uint16(1, 1), uint32(300), uint16(length)])
    const answers: Record<string, (query: Buffer) => Buffer> = {
      'an empty message': () => Buffer.alloc(0),
      'an id alone': (query) => query.subarray(0, 2),
      'a header alone, which announces a question': (query) => good(query).subarray(0, 12),
      'a header that announces 65535 records': (query) => {
        const answer = good(query)
        answer.writeUInt16BE(65_535, 6)
        return answer
      },
      'a record that ends too early': (query) => good(query).subarray(0, -3),
      'a record whose name is a pointer to itself': (query) =>
        oneRecord(query, (at) => Buffer.concat([uint16(0xc000 + at), typeToLength(4)])),
      'a record whose data is longer than the message': (query) =>
        oneRecord(query, () => Buffer.concat([uint16(0xc00c), typeToLength(60_000)])),
    }
    const kinds = random.shuffle(Object.keys(answers))
    const names = kinds.map(() => newName(random))
    upstream.link.answer((query) => {
      const kind = kinds[names.indexOf(questionOf(query).key)]
      return (answers[kind ?? ''] ?? good)(query)
    })
    note(`the upstream answers with ${kinds.join('; ')}`)
    await together(names.length, (i) =>
      dns.ask(app, { name: names[i] ?? '' }, { deadline: 3000 }).catch((error: unknown) => {
        // Who passes it on as it is has done nothing worse than the upstream.
        if (!(error instanceof SolutionFailure) || error.code !== 'malformed') throw error
      }),
    )
    const name = newName(random)
    expectAnswer(
      await dns.ask(app, { name }),
      { name, answers: [ip] },
      'a good question, after answers that were broken',
    )
  })

  test('only an answer with the right id and question counts', async ({ start, dns, random }) => {
    const upstream = await dns.start({ records: [] })
    const app = await forwarder(start, upstream)
    const [right, evil] = [newAddress(random), '203.0.113.66']
    const lie = (query: Buffer) => answerTo(query, { answers: [{ data: address(evil) }] })
    const other = (query: Buffer, change: { name?: string; type?: number }) => {
      const { name, type } = questionOf(query)
      return lie(question({ name, type, ...change, id: query.readUInt16BE() }))
    }
    const lies: Record<string, (query: Buffer) => Buffer> = {
      'another id': (query) => {
        const answer = lie(query)
        answer.writeUInt16BE(answer.readUInt16BE() ^ (1 << random.int(0, 15)))
        return answer
      },
      'a question for another name': (query) => other(query, { name: newName(random) }),
      'a question for another type': (query) => other(query, { type: 28 }),
      'QR not set': (query) => answerTo(query, { flags: 0x0100, answers: [{ data: address(evil) }] }),
    }
    for (const [what, forge] of Object.entries(lies)) {
      const name = newName(random)
      upstream.link.answer(async (query) => {
        if (questionOf(query).type !== 1) return []
        return [forge(query), answerTo(query, { answers: [{ data: address(right) }] })]
      })
      const answer = await dns.ask(app, { name })
      const why = `two messages came from the upstream's port, first one with ${what}, then the true answer`
      expectAnswer(answer, { name, answers: [right] }, why)
    }
  })

  test('an answer from another port is ignored', async ({ start, dns, random }) => {
    const [name, right, evil] = [newName(random), newAddress(random), '203.0.113.66']
    const upstream = await dns.start({ records: [`host-record=${name},${right},300`] })
    const app = await forwarder(start, upstream)
    const wait = gate()
    let query: Buffer | undefined
    upstream.link.answer(async (bytes) => {
      query = bytes
      await wait.opened
      return undefined
    })
    const answer = inBackground(dns.ask(app, { name }))
    await reachesUpstream(upstream, name, 'the only question')
    using stranger = await udpClient()
    const forged = query ? answerTo(query, { answers: [{ data: address(evil) }] }) : Buffer.alloc(0)
    await stranger.send(forged, upstream.link.queries[0]?.port ?? 0)
    await sleep(50)
    wait.open()
    const why = 'somebody with another port than the upstream sent an answer with the right id and question first'
    expectAnswer(await answer, { name, answers: [right] }, why)
  })

  test('SERVFAIL when the upstream is silent, for all that wait, and for nobody else', async ({
    start,
    dns,
    random,
  }) => {
    const timeoutMs = 400
    const [ip, id] = [newAddress(random), random.int(0, 65_535)]
    const upstream = await dns.start({ records: [] })
    const app = await forwarder(start, upstream, { timeoutMs })
    upstream.link.answer((query) =>
      questionOf(query).key.endsWith('.silent.test') ? [] : answerTo(query, { answers: [{ data: address(ip) }] }),
    )
    const silent = Array.from({ length: 12 }, () => newName(random, 'silent.test'))
    const waiting = together(silent.length, (i) => dns.ask(app, { name: silent[i] ?? '' }, { id, deadline: 6000 }))
    waiting.catch(() => {})
    const name = newName(random)
    const fast = await dns.ask(app, { name })
    const others = 'the upstream is silent about 12 other names, and answers this one at once'
    expectAnswer(fast, { name, answers: [ip] }, others)
    for (const [i, answer] of (await waiting).entries()) {
      const why = `UPSTREAM_TIMEOUT_MS is ${timeoutMs}, and the upstream is silent`
      expectAnswer(answer, { name: silent[i] ?? '', id, rcode: 'SERVFAIL' }, why)
      expect(answer, `${why}: it has that time`).toTakeAtLeast(timeoutMs - 50)
      expect(answer, `${why}: SERVFAIL within another second`).toTakeAtMost(timeoutMs + 2000)
    }
  })

  test('an answer that comes in time is passed on, one that comes too late is ignored', async ({
    start,
    dns,
    random,
  }) => {
    const [late, inTime, next] = [newName(random), newName(random), newName(random)]
    const [ip, other] = [newAddress(random), '192.0.2.255']
    const upstream = await dns.start({
      records: [`host-record=${late},${other},300`, `host-record=${inTime},${ip},300`, `host-record=${next},${ip},300`],
    })
    const app = await forwarder(start, upstream, { timeoutMs: 450 })
    const wait = gate()
    hold(upstream, [late], wait.opened)
    using client = await udpClient()
    await client.send(question({ name: late, id: 9 }), app.port)
    await reachesUpstream(upstream, late, 'the first question')
    await waitFor(() => client.received.length > 0, 3000)
    const due = 'UPSTREAM_TIMEOUT_MS is 450, and the upstream is silent: SERVFAIL is due'
    expect(client.received.length, due).toBe(1)
    wait.open()
    await sleep(80)
    const once = 'the client got SERVFAIL; the answer that came after it must not be sent to anybody'
    expect(client.received.length, once).toBe(1)
    upstream.link.answer(undefined)
    upstream.link.delay(120)
    for (const name of [inTime, next]) {
      const why = 'UPSTREAM_TIMEOUT_MS is 450, and the answer comes after 120 ms'
      expectAnswer(await dns.ask(app, { name }), { name, answers: [ip] }, why)
    }
    expect(asked(upstream, late), 'a question goes to the upstream once').toBe(1)
  })

  test('a closed port of the upstream is answered with SERVFAIL', async ({ start, dns, random }) => {
    let port: number
    {
      using closed = await udpClient()
      port = closed.port
    }
    const app = await forwarder(start, { address: `127.0.0.1:${port}` }, { timeoutMs: 200 })
    for (let i = 0; i < 3; i++) {
      const name = newName(random)
      const answer = await dns.ask(app, { name }, { deadline: 4000 })
      expectAnswer(answer, { name, rcode: 'SERVFAIL' }, 'nothing listens on the port of the upstream')
    }
  })
})
