import { expect } from 'vitest'
import { type App, note, type Random, sleep, SolutionFailure, step, test } from 'learn-backend/kit'
import {
  answerAll,
  asked,
  expectAnswer,
  forwarder,
  gate,
  hold,
  newAddress,
  newName,
  reachesUpstream,
  resetConnection,
} from './forwarder.ts'
import { answerTo, type ForgedRecord, question, questionOf, uint16, types } from './message.ts'

/** TXT records with `size` bytes of text, and what a client sees of them. Each piece adds a byte, each record 12. */
function text(random: Random, name: string, size: number): { records: string[]; data: string[][] } {
  const data: string[][] = []
  for (let left = size; left > 0; left -= 500) {
    data.push([random.hex(Math.min(left, 250)), ...(left > 250 ? [random.hex(Math.min(left - 250, 250))] : [])])
  }
  return { records: data.map((pieces) => `txt-record=${name},${pieces.join(',')}`), data }
}

function framed(message: Buffer): Buffer {
  return Buffer.concat([uint16(message.length), message])
}

/** Reads so many answers from a connection, or as many as come: for each one a line with its id and name. */
async function readAnswers(connection: Awaited<ReturnType<App['connect']>>, count: number): Promise<string[]> {
  const got: string[] = []
  try {
    while (got.length < count) {
      const length = (await connection.readBytes(2)).readUInt16BE()
      const message = await connection.readBytes(length)
      got.push(message.length < 17 ? `${length} bytes` : `id ${message.readUInt16BE()}: ${questionOf(message).name}`)
    }
  } catch (error) {
    if (!(error instanceof SolutionFailure)) throw error
    note(`after ${got.length} answers: ${error.message}`)
  }
  return got.sort()
}

step('tcp', () => {
  test('a question over TCP gets the answer of the upstream', async ({ start, dns, random }) => {
    const [name, ip, id] = [newName(random), newAddress(random), random.int(0, 65_535)]
    const upstream = await dns.start({ records: [`host-record=${name},${ip},300`, 'local=/test/'] })
    const app = await forwarder(start, upstream)
    const answer = await dns.ask(app, { name }, { transport: 'tcp', id })
    expectAnswer(answer, { name, id, answers: [ip] }, 'the same question as over UDP')
    const nobody = newName(random)
    const none = await dns.ask(app, { name: nobody }, { transport: 'tcp' })
    expectAnswer(none, { name: nobody, rcode: 'NXDOMAIN' }, 'there is no such name')
  })

  test('many questions on one connection, at once and later', async ({ start, dns, random }) => {
    const upstream = await dns.start({ records: [] })
    answerAll(upstream, newAddress(random))
    const app = await forwarder(start, upstream)
    const connection = await app.connect()
    const questions = Array.from({ length: 8 }, (_, i) => ({ name: newName(random), id: 100 + i }))
    await connection.write(Buffer.concat(questions.map((asking) => framed(question(asking)))))
    const right = questions.map(({ name, id }) => `id ${id}: ${name}`)
    const why = '8 questions came in one piece of the stream, each after its length'
    expect(await readAnswers(connection, 8), why).toEqual(right)
    await sleep(200)
    const name = newName(random)
    await connection.write(framed(question({ name, id: 5 })))
    const later = 'another question came on the same connection, 200 ms later'
    expect(await readAnswers(connection, 1), later).toEqual([`id 5: ${name}`])
    connection.destroy()
  })

  test('lengths and messages come in pieces of any size', async ({ start, dns, random }) => {
    const upstream = await dns.start({ records: [] })
    answerAll(upstream, newAddress(random))
    const app = await forwarder(start, upstream)
    const connection = await app.connect()
    const names = Array.from({ length: 3 }, () => newName(random))
    const stream = Buffer.concat(names.map((name, i) => framed(question({ name, id: i }))))
    const first = framed(question({ name: names[0] ?? '', id: 0 })).length
    // One byte, then the rest of the length and some, then up to the middle of the next length, then the rest.
    const cuts = [0, 1, 2, random.int(3, first - 2), first + 1, first + 2 + random.int(1, 12), stream.length]
    for (const [i, cut] of cuts.entries()) {
      await connection.write(stream.subarray(cut, cuts[i + 1] ?? cut))
      await sleep(15)
    }
    const why = `3 questions, ${stream.length} bytes with their lengths, came in pieces, cut after ${cuts.slice(1, -1).join(', ')} bytes`
    expect(await readAnswers(connection, 3), why).toEqual(names.map((name, i) => `id ${i}: ${name}`))
    connection.destroy()
  })

  test('clients come and go without harm', async ({ start, dns, random }) => {
    const [slow, name, ip] = [newName(random), newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [`host-record=${slow},${ip},300`, `host-record=${name},${ip},300`] })
    const app = await forwarder(start, upstream)
    const wait = gate()
    hold(upstream, [slow], wait.opened)
    note('clients close or reset their connections before the answer comes, send too little, or stop in the middle')
    const gone = await app.connect()
    await gone.write(framed(question({ name: slow })))
    await reachesUpstream(upstream, slow, 'a question over TCP')
    gone.destroy()
    await resetConnection(app, framed(question({ name: slow })))
    await resetConnection(app, Buffer.concat([framed(Buffer.alloc(0)), framed(Buffer.from('short'))]))
    const hesitating = await app.connect()
    await hesitating.write(framed(question({ name })).subarray(0, 9))
    wait.open()
    await sleep(50)
    const why =
      'two clients went away before their answer came, one sent messages of 0 and 5 bytes, one half a question'
    for (const transport of ['udp', 'tcp'] as const) {
      expectAnswer(await dns.ask(app, { name }, { transport }), { name, answers: [ip] }, why)
    }
    hesitating.destroy()
  })

  test('an answer over 512 bytes is truncated over UDP, and whole over TCP', async ({ start, dns, random }) => {
    const [small, large] = [newName(random), newName(random)]
    const [short, long] = [text(random, small, 420), text(random, large, random.int(600, 900))]
    const upstream = await dns.start({ records: [...short.records, ...long.records] })
    const app = await forwarder(start, upstream)
    const id = random.int(0, 65_535)
    const whole = await dns.ask(app, { name: small, type: 'TXT' })
    expectAnswer(whole, { name: small, type: 'TXT', answers: short.data }, 'this answer has less than 512 bytes')
    expect(whole.truncated, 'the answer has less than 512 bytes, all of it fits').toBe(false)

    const cut = await dns.ask(app, { name: large, type: 'TXT' }, { id })
    const why = `the answer has more than ${long.data.flat().join('').length} bytes; over UDP, without an OPT record, 512 fit`
    expect(cut.truncated, `${why}: the TC bit`).toBe(true)
    expect(cut.raw.length, `${why}: the size of the answer`).toBeLessThanOrEqual(512)
    const [echoed] = cut.questions
    expect(`id ${cut.id}, ${echoed?.name} ${echoed?.type}`, why).toBe(`id ${id}, ${large} TXT`)

    const again = await dns.ask(app, { name: large, type: 'TXT' }, { transport: 'tcp', id })
    expectAnswer(again, { name: large, type: 'TXT', id, answers: long.data }, 'over TCP all of it fits')
    expect(again.truncated, 'over TCP all of it fits').toBe(false)
  })

  test('an OPT record gives an answer over UDP more room', async ({ start, dns, random }) => {
    const named = [400, 650, 1050, 1500].map((size) => ({ size, name: newName(random) }))
    const texts = named.map(({ size, name }) => ({ size, name, ...text(random, name, size) }))
    const upstream = await dns.start({ records: texts.flatMap(({ records }) => records) })
    const app = await forwarder(start, upstream)
    for (const edns of [1232, 800, 100]) {
      const limit = Math.max(edns, 512)
      for (const { size, name, data } of random.shuffle(texts)) {
        const answer = await dns.ask(app, { name, type: 'TXT' }, { edns })
        const fits = size + 100 < limit
        const why = `the client takes ${edns} bytes (less than 512 means 512), and the text alone has ${size}`
        expect(answer.truncated, `${why}: the TC bit`).toBe(!fits)
        expect(answer.raw.length, `${why}: the size of the answer`).toBeLessThanOrEqual(limit)
        if (fits) expectAnswer(answer, { name, type: 'TXT', answers: data }, why)
      }
    }
  })

  test('an OPT record is answered with one, and no OPT record with none', async ({ start, dns, random }) => {
    const [names, ip] = [[newName(random), newName(random)], newAddress(random)]
    const upstream = await dns.start({
      records: [...names.map((name) => `host-record=${name},${ip},300`), 'local=/test/'],
    })
    const app = await forwarder(start, upstream)
    // Each name twice, in both orders: also what comes from a cache obeys.
    for (const [i, first] of [1232, undefined].entries()) {
      const name = names[i] ?? ''
      for (const edns of first ? [1232, undefined] : [undefined, 1232]) {
        const answer = await dns.ask(app, { name }, edns ? { edns } : {})
        const opt = answer.additionals.filter(({ type }) => type === 'OPT')
        const why = `the question had ${edns ? 'an' : 'no'} OPT record, so the answer has ${edns ? 'one' : 'none'}`
        expect(opt.length, why).toBe(edns ? 1 : 0)
        const zero = opt.map(({ data }) => data.extendedRcode === 0 && data.ednsVersion === 0)
        expect(zero, 'in place of the TTL an OPT record has an error code and a version, which are 0').not.toContain(
          false,
        )
        expectAnswer(answer, { name, answers: [ip] }, why)
      }
    }
  })

  test('an answer of 20,000 bytes comes over TCP', async ({ start, dns, random }) => {
    const name = newName(random)
    const texts = Array.from({ length: 80 }, () => random.hex(230))
    const records = texts.map((part): ForgedRecord => {
      return { type: types.TXT ?? 16, data: Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]) }
    })
    const upstream = await dns.start({ records: [] })
    upstream.link.answer((query, transport) =>
      transport === 'tcp' ? answerTo(query, { answers: records }) : answerTo(query, { flags: 0x8380 }),
    )
    const app = await forwarder(start, upstream)
    const answer = await dns.ask(app, { name, type: 'TXT' }, { transport: 'tcp' })
    const right = texts.map((part) => [part])
    expectAnswer(answer, { name, type: 'TXT', answers: right }, 'the upstream has 80 texts of 230 bytes for this name')
    const cut = await dns.ask(app, { name, type: 'TXT' }, { edns: 1232 })
    expect(cut.truncated, 'over UDP there is not enough room').toBe(true)
    expect(asked(upstream, name, 'tcp'), 'the upstream says TC over UDP: ask it over TCP').toBeGreaterThan(0)
  })

  test('SERVFAIL when the upstream says TC, and is then silent over TCP', async ({ start, dns, random }) => {
    const name = newName(random)
    const upstream = await dns.start({ records: [] })
    upstream.link.answer((query, transport) => (transport === 'tcp' ? [] : answerTo(query, { flags: 0x8380 })))
    const app = await forwarder(start, upstream, { timeoutMs: 400 })
    const answer = await dns.ask(app, { name }, { transport: 'tcp', deadline: 5000 })
    const why = 'UPSTREAM_TIMEOUT_MS is 400; the answer over UDP was truncated, and over TCP there is none'
    expectAnswer(answer, { name, rcode: 'SERVFAIL' }, why)
    expect(answer, why).toTakeAtMost(2400)
  })
})
