import { expect } from 'vitest'
import { sleep, step, test } from 'learn-backend/kit'
import {
  asked,
  type DnsAnswer,
  type DnsUpstream,
  expectAnswer,
  forwarder,
  mixedCase,
  newAddress,
  newName,
} from './forwarder.ts'
import { address, answerTo, folded, type ForgedRecord, nameBytes, question, questionOf, soa } from './message.ts'

/** The second number counts what the upstream was asked since the first. */
function counter(upstream: DnsUpstream, name: string): () => number {
  const before = asked(upstream, name)
  return () => asked(upstream, name) - before
}

const ttls = (answer: DnsAnswer) => answer.answers.map(({ ttl }) => ttl)
const below = (range: string, list: number[]) => `${range}, got ${list.join(' and ')}`

step('cache', () => {
  test('what was asked once is answered without the upstream', async ({ start, dns, random }) => {
    const ip = newAddress(random)
    const names = [newName(random), newName(random)]
    const upstream = await dns.start({ records: names.map((name) => `host-record=${name},${ip},300`) })
    const app = await forwarder(start, upstream)
    for (const [i, name] of names.entries()) {
      await dns.ask(app, { name: mixedCase(random, name) }, i === 0 ? {} : { edns: 1232 })
      const more = counter(upstream, name)
      const first = `the same was asked before, in other letters and ${i === 0 ? 'without' : 'with'} an OPT record`
      const why = `${first}; the answer comes from the cache, made for this question`
      for (const transport of ['udp', 'tcp', 'udp'] as const) {
        const mine = mixedCase(random, name)
        const [id, flags] = [random.int(0, 65_535), random.pick([0x0000, 0x0100])]
        const answer = await dns.ask(app, { name: mine }, { transport, id, flags })
        expectAnswer(answer, { name: mine, id, answers: [ip] }, why)
        expect(answer.recursionDesired, `${why}: the RD bit of the question`).toBe(flags === 0x0100)
      }
      expect(more(), `${first}, and its TTL is 300: the upstream is not asked again`).toBe(0)
    }
  })

  test('TTLs count down, and the smallest one ends an answer', async ({ start, dns, random }) => {
    const name = () => newName(random)
    const [long, short, alias, target, mixed, ip] = [name(), name(), name(), name(), name(), newAddress(random)]
    const upstream = await dns.start({
      records: [
        `host-record=${target},${ip},300`,
        `cname=${long},${target},90`,
        `cname=${alias},${target},1`,
        `host-record=${short},${ip},1`,
      ],
    })
    upstream.link.answer((query) => {
      if (questionOf(query).key !== mixed) return undefined
      const answers = [300, 1, 600].map((ttl, i) => ({ ttl, data: address(`192.0.2.${i + 1}`) }))
      return answerTo(query, { answers })
    })
    const app = await forwarder(start, upstream)
    const ended = {
      [short]: 'its only record has a TTL of 1',
      [alias]: 'its CNAME has a TTL of 1, the address behind it 300',
      [mixed]: 'its three records have TTLs of 300, 1 and 600',
    }
    for (const each of [long, ...Object.keys(ended)]) await dns.ask(app, { name: each })
    await sleep(1200)

    const answer = await dns.ask(app, { name: long })
    expect(asked(upstream, long), 'the smallest TTL is 90, so after 1.2 s the answer comes from the cache').toBe(1)
    expectAnswer(answer, { name: long, answers: [target, ip] }, 'the answer of 1.2 s ago')
    for (const { type, ttl } of answer.answers) {
      const fresh = type === 'A' ? 300 : 90
      const why = `the TTL of this ${type} record was ${fresh} when the answer arrived, more than a second ago`
      expect(ttl, why).toBeLessThan(fresh)
      expect(ttl, why).toBeGreaterThan(fresh - 12)
    }
    for (const [each, which] of Object.entries(ended)) {
      await dns.ask(app, { name: each })
      const why = `the answer came 1.2 s ago, and ${which}: the upstream has to be asked again`
      expect(asked(upstream, each), why).toBe(2)
    }
  })

  test('a TTL of 0 is not remembered, one of 30 days is', async ({ start, dns, random }) => {
    const [none, month, ip] = [newName(random), newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [`host-record=${month},${ip},2592000`] })
    const addresses = [newAddress(random), newAddress(random)]
    upstream.link.answer((query) => {
      if (questionOf(query).key !== none) return undefined
      const data = address(addresses[Math.min(1, asked(upstream, none) - 1)] ?? ip)
      return answerTo(query, { answers: [{ ttl: 0, data }] })
    })
    const app = await forwarder(start, upstream)
    for (const current of addresses) {
      const why = 'the TTL is 0, so each question goes to the upstream'
      expectAnswer(await dns.ask(app, { name: none }), { name: none, answers: [current] }, why)
    }
    await dns.ask(app, { name: month })
    await sleep(100)
    const answer = await dns.ask(app, { name: month })
    expectAnswer(answer, { name: month, answers: [ip] }, 'the TTL is 2592000')
    const why = 'the TTL is 2592000 (30 days): a fraction of a second later, the upstream is not asked again'
    expect(asked(upstream, month), why).toBe(1)
    const sane = below('a TTL between 80000 and 2592000 seconds is left', ttls(answer))
    expect(ttls(answer)[0], sane).toBeGreaterThan(80_000)
    expect(ttls(answer)[0], sane).toBeLessThanOrEqual(2_592_000)
  })

  test('negative answers are remembered as long as their SOA record says', async ({ start, dns, random }) => {
    const upstream = await dns.start({ records: [] })
    const cases: Record<string, { rcode: number; authorities: ForgedRecord[]; keeps: boolean; why: string }> = {}
    for (const [rcode, what] of [
      [3, 'NXDOMAIN'],
      [0, 'NOERROR without a record'],
    ] as const) {
      const soas: [number, number, boolean][] = [
        [300, 600, true],
        [300, 1, false],
        [1, 300, false],
      ]
      for (const [ttl, minimum, keeps] of soas) {
        const why = `the answer was ${what}, with an SOA record that has a TTL of ${ttl} and a MINIMUM of ${minimum}`
        cases[newName(random)] = { rcode, authorities: [soa({ ttl, minimum })], keeps, why }
      }
      cases[newName(random)] = { rcode, authorities: [], keeps: false, why: `the answer was ${what}, without an SOA` }
    }
    upstream.link.answer((query) => {
      const { rcode = 0, authorities = [] } = cases[questionOf(query).key] ?? {}
      return answerTo(query, { rcode, authorities })
    })
    const app = await forwarder(start, upstream)
    for (const name of Object.keys(cases)) await dns.ask(app, { name })
    await sleep(1200)
    for (const [name, { rcode, authorities, keeps, why }] of Object.entries(cases)) {
      const answer = await dns.ask(app, { name })
      expectAnswer(answer, { name, rcode: rcode === 3 ? 'NXDOMAIN' : 'NOERROR' }, why)
      expect(answer.authorities.length, `${why}: the records of the authority section`).toBe(authorities.length)
      const verdict = keeps ? 'it still holds: the upstream is not asked' : 'it does not hold: the upstream is asked'
      expect(asked(upstream, name), `${why}. 1.2 s later ${verdict}`).toBe(keeps ? 1 : 2)
    }
  })

  test('failures are not remembered', async ({ start, dns, random }) => {
    const [failing, refused, ip] = [newName(random), newName(random), newAddress(random)]
    const upstream = await dns.start({ records: [failing, refused].map((name) => `host-record=${name},${ip},300`) })
    const app = await forwarder(start, upstream)
    upstream.link.answer((query) => {
      const rcode = questionOf(query).key === failing ? 2 : 5
      const answers = [{ data: address('203.0.113.66') }]
      return answerTo(query, { rcode, answers, authorities: [soa({ ttl: 300, minimum: 300 })] })
    })
    const rcodes = [await dns.ask(app, { name: failing }), await dns.ask(app, { name: refused })].map(
      ({ rcode }) => rcode,
    )
    expect(rcodes, 'the upstream answers SERVFAIL and REFUSED').toEqual(['SERVFAIL', 'REFUSED'])
    upstream.link.answer(undefined)
    for (const name of [failing, refused]) {
      const why = 'the first answer was a failure (with records that have TTLs), now the upstream is well again'
      expectAnswer(await dns.ask(app, { name }), { name, answers: [ip] }, why)
    }
  })

  test('type and class belong to the question', async ({ start, dns, random }) => {
    const [name, ip] = [newName(random), newAddress(random)]
    const upstream = await dns.start({
      records: [
        `host-record=${name},${ip},2001:db8::7,300`,
        `txt-record=${name},"${random.word()}"`,
        'local-ttl=300',
        'local=/test/',
      ],
    })
    upstream.link.answer((query) =>
      questionOf(query).class === 1
        ? undefined
        : answerTo(query, { answers: [{ class: 3, data: address('10.0.0.3') }] }),
    )
    const app = await forwarder(start, upstream)
    for (const type of random.shuffle(['A', 'AAAA', 'TXT', 'UNKNOWN_65', 'UNKNOWN_97'])) {
      const direct = await dns.ask({ port: upstream.port }, { name, type })
      const answers = direct.answers.map(({ data }) => data as unknown)
      const why = 'the same name was asked for with other types before, but this is another question'
      expectAnswer(await dns.ask(app, { name, type }), { name, type, rcode: direct.rcode, answers }, why)
    }
    const chaos = await dns.ask(app, question({ name, class: 3 }))
    expect(
      chaos.answers.map(({ data }) => data),
      'the same name and type, but class 3 (CH)',
    ).toEqual(['10.0.0.3'])
    const internet = await dns.ask(app, question({ name, class: 1 }))
    expect(
      internet.answers.map(({ data }) => data),
      'class 1 (IN), after a question of class 3 (CH)',
    ).toEqual([ip])
  })

  test('names are the same only if all bytes are, but for the case of A to Z', async ({ start, dns, random }) => {
    const upstream = await dns.start({ records: [] })
    const app = await forwarder(start, upstream)
    const [a, b] = [random.word(), random.hex(6)]
    const names: Record<string, (string | Buffer)[]> = {
      'a label with the byte 0xe9': [a, Buffer.from(`${b}\u00e9`, 'latin1'), 'test'],
      'a label with the byte 0xe8': [a, Buffer.from(`${b}\u00e8`, 'latin1'), 'test'],
      'a label with the byte 0xc9': [a, Buffer.from(`${b}\u00c9`, 'latin1'), 'test'],
      'a label with a dot in it': [`${a}.${b}`, 'test'],
      'two labels in its place': [a, b, 'test'],
      'the same with a byte 0 at the end of a label': [a, `${b}\0`, 'test'],
      'the same with a space at the end of a label': [a, `${b} `, 'test'],
      'a label with [': [a, `${b}[`, 'test'],
      'a label with {': [a, `${b}{`, 'test'],
    }
    const wires = Object.values(names).map((labels) => nameBytes(labels))
    upstream.link.answer((query) => {
      const bytes = questionOf(query).bytes.subarray(0, -4)
      const index = wires.findIndex((wire) => folded(wire).equals(folded(bytes)))
      return answerTo(query, { answers: [{ data: address(`192.0.2.${index + 1}`) }] })
    })
    for (const [i, [what, labels]] of Object.entries(names).entries()) {
      const answer = await dns.ask(app, question({ name: labels }))
      const before = Object.keys(names).slice(0, i).join(', ')
      const why = `a name with ${what}${before ? `, after names with ${before}` : ''}: each has an address of its own`
      expect(
        answer.answers.map(({ data }) => data),
        why,
      ).toEqual([`192.0.2.${i + 1}`])
    }
  })

  test('what is too large for one client is whole for the next', async ({ start, dns, random }) => {
    const name = newName(random)
    const data = [random.hex(250), random.hex(250), random.hex(250)]
    const upstream = await dns.start({ records: [`txt-record=${name},${data.join(',')}`, 'local-ttl=300'] })
    const app = await forwarder(start, upstream)
    const cut = await dns.ask(app, { name, type: 'TXT' })
    expect(cut.truncated, 'over UDP, without an OPT record, 512 bytes fit').toBe(true)
    const more = counter(upstream, name)
    const why = 'the first client got a truncated answer from what is now in the cache; this one has room for all'
    for (const options of [{ transport: 'tcp' }, { edns: 1232 }] as const) {
      expectAnswer(await dns.ask(app, { name, type: 'TXT' }, options), { name, type: 'TXT', answers: [data] }, why)
    }
    const again = await dns.ask(app, { name, type: 'TXT' })
    expect(again.truncated, 'over UDP, without an OPT record, 512 bytes fit, also from the cache').toBe(true)
    expect(again.raw.length, 'the size of the answer').toBeLessThanOrEqual(512)
    expect(more(), 'the whole answer was there after the first question: the upstream is not asked again').toBe(0)
  })
})
