import { expect } from 'vitest'
import { note, sleep, step, test } from 'learn-backend/kit'
import {
  answerAndRest,
  create,
  head,
  jsonType,
  patch,
  put,
  sendTooMuch,
  someId,
  someNote,
  startSlowly,
} from './notes.ts'

const methodsOfNotes = ['GET', 'HEAD', 'POST', 'OPTIONS']
const methodsOfNote = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** The methods of an Allow header, sorted; only those that the exercise is about. */
function allowed(field: string | undefined): string[] {
  const known = new Set([...methodsOfNotes, ...methodsOfNote])
  return (field ?? '')
    .split(',')
    .map((method) => method.trim())
    .filter((method) => known.has(method))
    .sort()
}

function bodyFor(method: string): { json?: unknown } {
  return method === 'DELETE' ? {} : { json: { title: 'x' } }
}

step('methods', () => {
  test('HEAD answers the status and headers of GET', async ({ app, random }) => {
    const { path } = await create(app, someNote(random))
    for (const url of [path, '/notes']) {
      const get = await app.get(url)
      expect(get).toHaveStatus(200)
      const answer = await app.head(url)
      expect(answer).toHaveStatus(200)
      expect(answer).toHaveHeader('content-type', jsonType)
      const length = answer.headers['content-length']
      if (length !== undefined) {
        expect(answer, 'Content-Length is that of the GET: the bytes of its body, not its characters').toHaveHeader(
          'content-length',
          String(get.body.length),
        )
      }
    }
    expect(await app.head(`/notes/${someId(random)}`)).toHaveStatus(404)
  })

  test('an answer to HEAD ends with its headers', async ({ app, random }) => {
    const { path } = await create(app, someNote(random))
    const [answer, rest] = await answerAndRest(app, { method: 'HEAD', path })
    expect(answer).toHaveStatus(200)
    expect(rest, 'a body came after the headers; the client would take it for the next answer').toBe('')
  })

  test('OPTIONS names the methods of the URL', async ({ app, random }) => {
    const { path } = await create(app, someNote(random))
    for (const [url, methods] of [
      ['/notes', methodsOfNotes],
      [path, methodsOfNote],
    ] as const) {
      const answer = await app.options(url)
      expect(answer).toHaveStatus([200, 204])
      expect(answer).toHaveHeader('allow')
      expect(allowed(answer.headers['allow']), `the methods in Allow of ${url}`).toEqual([...methods].sort())
    }
  })

  test('a method that the URL does not have is 405, with Allow', async ({ app, random }) => {
    const sent = someNote(random)
    const { id, path } = await create(app, sent)
    for (const [method, url, methods] of [
      ['PUT', '/notes', methodsOfNotes],
      ['PATCH', '/notes', methodsOfNotes],
      ['DELETE', '/notes', methodsOfNotes],
      ['POST', path, methodsOfNote],
    ] as const) {
      const answer =
        method === 'PATCH' ? await patch(app, url, { text: 'x' }) : await app.request(method, url, bodyFor(method))
      expect(answer, 'the URL exists, so it is not 404; its methods do not include this one').toHaveStatus(405)
      expect(answer, 'a 405 says what would be allowed').toHaveHeader('allow')
      expect(allowed(answer.headers['allow']), `the methods in Allow of ${url}`).toEqual([...methods].sort())
    }
    expect(await app.get(path), 'a refused request changes nothing').toAnswer(200, { ...sent, id })
  })
})

const sameType = 'compare the type without its parameters and its case'

step('media-types', () => {
  test('media types are taken in upper case and with parameters', async ({ app, random }) => {
    for (const type of random.shuffle([
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
      'application/json ; x=1; y=2',
      'Application/JSON',
    ])) {
      const options = { headers: { 'content-type': type }, body: JSON.stringify(someNote(random)) }
      expect(await app.post('/notes', options), sameType).toHaveStatus(201)
      expect(await app.put(`/notes/${someId(random)}`, options), sameType).toHaveStatus(201)
    }
    const { path } = await create(app, someNote(random))
    for (const type of ['application/merge-patch+json;charset=utf-8', 'Application/Merge-Patch+JSON']) {
      expect(await patch(app, path, { text: 'x' }, { headers: { 'content-type': type } }), sameType).toHaveStatus(200)
    }
  })

  test('any other Content-Type is 415', async ({ app, random }) => {
    for (const type of random.shuffle([
      'text/plain',
      'text/json',
      'application/xml',
      'application/x-www-form-urlencoded',
      'application/json-seq',
      'application/merge-patch+json',
      'text/plain; note=application/json',
    ])) {
      const path = `/notes/${someId(random)}`
      const options = { headers: { 'content-type': type }, body: JSON.stringify({ title: random.words(2) }) }
      expect(await app.post('/notes', options)).toHaveStatus(415)
      expect(await app.put(path, options)).toHaveStatus(415)
      expect(await app.get(path), 'a refused request changes nothing').toHaveStatus(404)
    }
  })

  test('a body without Content-Type is 415', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    const body = JSON.stringify(someNote(random))
    expect(await app.post('/notes', { body })).toHaveStatus(415)
    expect(await app.put(path, { body })).toHaveStatus(415)
    expect(await app.get(path)).toHaveStatus(404)
  })

  test('an Accept that allows JSON gets JSON', async ({ app, random }) => {
    const sent = someNote(random)
    const { id, path } = await create(app, sent)
    for (const accept of random.shuffle([
      '*/*',
      'application/*',
      'application/json',
      'Application/JSON',
      'text/html, application/json;q=0.5',
      'application/xml ;q=0.9 , application/json; q=0.001',
      'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8',
      '*/*;q=0, application/json',
      'text/*;q=0, application/*;q=0.1',
    ])) {
      expect(await app.get(path, { headers: { accept } }), 'the most specific range that fits allows JSON').toAnswer(
        200,
        {
          ...sent,
          id,
        },
      )
    }
    expect(await app.get('/notes', { headers: { accept: 'text/html, */*;q=0.1' } })).toHaveStatus(200)
  })

  test('an Accept that rules JSON out is 406', async ({ app, random }) => {
    const { path } = await create(app, someNote(random))
    for (const accept of random.shuffle([
      'text/html',
      'text/*, image/png',
      'application/xml',
      'application/json-seq',
      'text/html, application/json;q=0',
      'application/json; q=0.0, */*',
      'application/*;q=0, */*;q=0.5',
      'text/html;q=1, */*;q=0',
    ])) {
      expect(
        await app.get(path, { headers: { accept } }),
        'no range fits JSON, or the most specific one that does has a weight of zero',
      ).toHaveStatus(406)
    }
    expect(await app.get('/notes', { headers: { accept: 'text/csv' } })).toHaveStatus(406)
  })

  test('a request that is refused with 406 has changed nothing', async ({ app, random }) => {
    const headers = { accept: 'text/html' }
    const [title, path] = [random.hex(16), `/notes/${someId(random)}`]
    expect(await app.put(path, { json: { title }, headers })).toHaveStatus(406)
    expect(await app.get(path), 'the client was told 406, but the note was created').toHaveStatus(404)
    expect(await app.post('/notes', { json: { title }, headers })).toHaveStatus(406)
    expect(await app.get('/notes'), 'the client was told 406, but the note was created').not.toHaveJson(
      expect.arrayContaining([expect.objectContaining({ title })]),
    )
  })
})

/** A note of exactly this many bytes of JSON; half of its characters take two or more bytes. */
function jsonOfBytes(bytes: number): string {
  const empty = JSON.stringify({ title: 'long', text: '' })
  const room = bytes - Buffer.byteLength(empty)
  const wide = 'ü€'.repeat(Math.floor(room / 10))
  return JSON.stringify({ title: 'long', text: wide + 'x'.repeat(room - Buffer.byteLength(wide)) })
}

const limit = 65_536
const wholeBytes =
  'the body arrives in pieces that are cut anywhere, also inside a character: join their bytes first, then decode them'

step('bodies', () => {
  test('a body that is not JSON is 400', async ({ app, random }) => {
    const sent = { title: random.words(2) }
    const id = someId(random)
    const path = await put(app, id, sent)
    for (const body of random.shuffle([
      '',
      '{',
      '{"title":"x"',
      '{"title":"x"}}',
      '{"title":"x"}\n{"title":"y"}',
      '{"title":"x",}',
      "{'title':'x'}",
      '{"title":"x","stars":NaN}',
      '{"title":"x","stars":007}',
      'title=x',
    ])) {
      const options = { body, headers: { 'content-type': 'application/json' } }
      expect(await app.post('/notes', options)).toHaveStatus(400)
      expect(await app.put(path, options)).toHaveStatus(400)
    }
    expect(await app.get(path), 'a refused request changes nothing').toAnswer(200, { ...sent, id })
  })

  test('JSON that is not a note is 422', async ({ app, random }) => {
    const sent = { title: random.words(2) }
    const id = someId(random)
    const path = await put(app, id, sent)
    const text = random.word()
    for (const json of [
      {},
      { text },
      { title: '' },
      { title: null },
      { title: 5 },
      { title: [text] },
      [sent],
      [],
      text,
      7,
      true,
      null,
    ]) {
      expect(await app.post('/notes', { json })).toHaveStatus(422)
      expect(await app.put(path, { json })).toHaveStatus(422)
    }
    expect(await app.get(path), 'a refused request changes nothing').toAnswer(200, { ...sent, id })
  })

  test('a chunked body is a body', async ({ app, random }) => {
    const id = someId(random)
    const sent = { title: `${random.word()} 🦊🦊 ${random.unicode()}` }
    const connection = await app.connect()
    const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' }
    await connection.write(head(app, 'PUT', `/notes/${id}`, headers))
    const bytes = Buffer.from(JSON.stringify(sent))
    for (let at = 0; at < bytes.length;) {
      // Never a whole fox: that takes four bytes.
      const chunk = bytes.subarray(at, (at += random.int(1, 3)))
      await connection.write(
        Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
      )
    }
    await connection.write('0\r\n\r\n')
    expect(await connection.answer(), wholeBytes).toAnswer(201, { ...sent, id })
    expect(await app.get(`/notes/${id}`), wholeBytes).toAnswer(200, { ...sent, id })
  })

  test('a character that arrives in two pieces stays whole', async ({ app, random }) => {
    const id = someId(random)
    const sent = { title: `${random.word()} 🦊 ${random.unicode()}` }
    const body = JSON.stringify(sent)
    const pauseAt = Buffer.byteLength(body.slice(0, body.indexOf('🦊'))) + random.int(1, 3)
    const request = await startSlowly(app, { method: 'PUT', path: `/notes/${id}`, body, pauseAt })
    await sleep(50)
    expect(await request.finish(), wholeBytes).toAnswer(201, { ...sent, id })
    expect(await app.get(`/notes/${id}`), wholeBytes).toAnswer(200, { ...sent, id })
  })

  test('a body that is not UTF-8 is 400', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    const headers = { 'content-type': 'application/json' }
    for (const bytes of [[0xe9], [0xc3], [0xff, 0xfe]]) {
      const body = Buffer.concat([Buffer.from('{"title":"caf'), Buffer.from(bytes), Buffer.from('"}')])
      expect(
        await app.put(path, { body, headers }),
        'decoding with replacement characters stores a text that the client never sent',
      ).toHaveStatus(400)
    }
    expect(await app.get(path)).toHaveStatus(404)
  })

  test('a body of exactly 65,536 bytes is taken', async ({ app, random }) => {
    const id = someId(random)
    const body = jsonOfBytes(limit)
    const answer = await app.put(`/notes/${id}`, { body, headers: { 'content-type': 'application/json' } })
    expect(answer, '65,536 bytes are allowed; only more is too long').toHaveStatus(201)
    const read = await app.get(`/notes/${id}`)
    expect(read).toHaveStatus(200)
    expect(read.json.text === JSON.parse(body).text, 'the long text came back changed').toBe(true)
    await app.delete(`/notes/${id}`)
  })

  test('one byte more is 413', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    const body = jsonOfBytes(limit + 1)
    const headers = { 'Content-Length': String(limit + 1) }
    expect(
      await sendTooMuch(app, { method: 'PUT', path, headers, body }),
      `a body of 65,537 bytes in ${body.length} characters; the limit counts bytes`,
    ).toHaveStatus(413)
    expect(await app.get(path), 'a refused request changes nothing').toHaveStatus(404)
  })

  test('a body that is declared too long is refused before it comes', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    const headers = { 'Content-Length': '2000000000' }
    expect(
      await sendTooMuch(app, { method: 'PUT', path, headers, body: '{"title":"' }),
      'Content-Length alone says that it is too long',
    ).toHaveStatus(413)
    expect(await app.get(path)).toHaveStatus(404)
  })

  test('an endless chunked body is refused as soon as it is too long', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    const headers = { 'Transfer-Encoding': 'chunked' }
    const body = `a\r\n{"title":"\r\n${`2000\r\n${'x'.repeat(0x2000)}\r\n`.repeat(8)}`
    expect(
      await sendTooMuch(app, { method: 'PUT', path, headers, body }),
      '65,546 bytes came in chunks, and the client is not at the end: count while you read',
    ).toHaveStatus(413)
    expect(await app.get(path)).toHaveStatus(404)
  })

  test('a slow client does not hold up the others', async ({ app, random }) => {
    const { path } = await create(app, someNote(random))
    const body = JSON.stringify(someNote(random))
    const slow = []
    for (let i = 0; i < 5; i++) slow.push(await startSlowly(app, { method: 'POST', path: '/notes', body }))
    await sleep(20)
    expect(
      await app.get(path),
      'five clients have sent half a body each; all others must still be served',
    ).toHaveStatus(200)
    for (const request of slow) expect(await request.finish()).toHaveStatus(201)
  })

  test('a client that goes away in the middle of its body has changed nothing', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    // What has arrived is JSON by itself; the rest would have been spaces.
    const json = JSON.stringify({ title: random.words(2) })
    note(
      `Clients sent ${Buffer.byteLength(json)} of the ${Buffer.byteLength(json) + 100} bytes of a PUT, then closed the connection.`,
    )
    for (const gone of ['destroy', 'end'] as const) {
      const body = json + ' '.repeat(100)
      const { connection } = await startSlowly(app, { method: 'PUT', path, body, pauseAt: Buffer.byteLength(json) })
      await sleep(40)
      connection[gone]()
      await sleep(80)
      expect(await app.get(path), 'only a part of the body came: nothing may be stored').toHaveStatus(404)
      connection.destroy()
    }
  })

  test('strange URLs are refused, not fatal', async ({ app, random }) => {
    for (const path of [
      '/notes/%',
      '/notes/%E0%A4%A',
      '//',
      '///notes',
      '/notes/%00',
      `/notes/${'a'.repeat(3000)}`,
      '/notes/..%2f..',
      '/?%',
    ]) {
      const answer = await app.get(path)
      expect(
        answer.status,
        `GET ${path.slice(0, 40)} must not be 5xx: no client may make the service fail`,
      ).toBeLessThan(500)
    }
    expect(await app.get('/notes')).toHaveStatus(200)
    const { path } = await create(app, someNote(random))
    expect(await app.get(path)).toHaveStatus(200)
  })

  test('strange JSON does no harm, to nobody', async ({ start, random }) => {
    const app = await start()
    const { path } = await create(app, { title: 'before' })
    const deepList = `{"title":"deep","x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
    const deepObject = `{"title":"deep","x":${'{"x":'.repeat(10_000)}1${'}'.repeat(10_000)}}`
    const halfPair = '{"title":"half a pair \\ud83e","text":"\\udd8a"}'
    for (const [name, body] of Object.entries({ deepList, deepObject, halfPair })) {
      const answers = [
        await app.post('/notes', { body, headers: { 'content-type': 'application/json' } }),
        await patch(app, path, {}, { body }),
      ]
      for (const answer of answers) {
        expect(
          answer.status,
          `${body.slice(0, 40)}… (${name}): refuse it with 400 or store it, but never 5xx`,
        ).toBeLessThan(500)
      }
      expect(await app.get('/notes'), `after ${name}, nobody can list the notes any more`).toHaveStatus(200)
      expect(await app.get(path)).toHaveStatus(200)
    }
    await create(app, someNote(random))
  })
})
