import { expect } from 'vitest'
import { sleep, step, test, together } from 'learn-backend/kit'
import {
  answerAndRest,
  countStatuses,
  create,
  etagOf,
  patch,
  put,
  mergePatchType,
  someId,
  someNote,
  startSlowly,
  strongTag,
} from './notes.ts'

/** Lists of other tags around this one, as legal field values. */
function listsWith(tag: string): string[] {
  return [`"other", ${tag}`, `${tag},"other"`, `"a,b" , W/"c",${tag} ,"d"`]
}

/** Tags that look like this one and are not. */
function similarTo(tag: string): string[] {
  const inner = tag.slice(1, -1)
  return [`"${inner}x"`, `"x${inner}"`, `"${inner},"`, `"${inner.slice(0, -1)}"`, `W/"x${inner}"`, `"*"`]
}

step('etags', () => {
  test('answers with a note carry a strong ETag', async ({ app, random }) => {
    const { path, answer } = await create(app, someNote(random))
    const tag = strongTag(answer)
    expect(await app.get(path), 'POST and GET are about the same note, so the same tag').toHaveHeader('etag', tag)
    expect(await app.head(path)).toHaveHeader('etag', tag)
    const patched = await patch(app, path, { text: random.words(3) })
    expect(patched).toHaveStatus(200)
    const next = strongTag(patched)
    expect(next, `the patch changed the note, its tag was ${tag} before`).not.toBe(tag)
    expect(await app.get(path), 'the tag that the PATCH answered is that of the new state').toHaveHeader('etag', next)
  })

  test('the ETag stays as long as the note stays', async ({ app, random }) => {
    const { path } = await create(app, someNote(random))
    const tag = await etagOf(app, path)
    await create(app, someNote(random))
    await put(app, someId(random), someNote(random))
    await sleep(20)
    expect(await app.get(path), 'other notes have changed, this one has not').toHaveHeader('etag', tag)
  })

  test('every new content has a new ETag', async ({ app, random }) => {
    const id = someId(random)
    const tags = new Map<string, string>()
    for (let i = 10; i < 30; i++) {
      const note = { title: 'same', text: random.hex(8), place: { floor: i } }
      const path = await put(app, id, note)
      const tag = await etagOf(app, path)
      expect(
        tags.get(tag),
        `the tag ${tag} was that of another content already; now it is ${JSON.stringify(note)}`,
      ).toBe(undefined)
      tags.set(tag, JSON.stringify(note))
    }
    const path = `/notes/${id}`
    for (const changes of [
      { place: { floor: 30 } },
      { place: { floor: null } },
      { extra: null, due: [1] },
      { due: [2] },
    ]) {
      expect(await patch(app, path, changes)).toHaveStatus(200)
      const tag = await etagOf(app, path)
      expect(tags.get(tag), `the tag ${tag} stayed, although PATCH ${JSON.stringify(changes)} changed the note`).toBe(
        undefined,
      )
      tags.set(tag, JSON.stringify(changes))
    }
  })

  test('changes in the same moment have ETags of their own', async ({ app, random }) => {
    const { path } = await create(app, { title: 'start', counts: {} })
    const answers = await together(25, (i) => patch(app, path, { counts: { [`n${i}`]: random.hex(4) } }))
    const seen = new Map<string, unknown>()
    for (const answer of answers) {
      expect(answer).toHaveStatus(200)
      const tag = strongTag(answer)
      expect(answer, `another answer with the tag ${tag} had another note in it`).toHaveJson(
        seen.get(tag) ?? expect.anything(),
      )
      seen.set(tag, answer.json)
    }
  })

  test('a note that is deleted and created again does not get an old ETag', async ({ app, random }) => {
    const id = someId(random)
    const path = await put(app, id, { title: 'first', text: random.hex(12) })
    const tag = await etagOf(app, path)
    expect(await app.delete(path)).toHaveStatus(204)
    const second = { title: 'second', text: random.hex(12) }
    await put(app, id, second)
    expect(
      await app.get(path, { headers: { 'if-none-match': tag } }),
      'the client has the first note; with 304 it would show that one for ever',
    ).toAnswer(200, { ...second, id })
  })

  test('If-None-Match with the current ETag is 304', async ({ app, random }) => {
    const { path } = await create(app, someNote(random))
    const tag = await etagOf(app, path)
    for (const field of [tag, `W/${tag}`, '*', ...listsWith(tag), ...listsWith(`W/${tag}`)]) {
      const headers = { 'if-none-match': field }
      const answer = await app.get(path, { headers })
      expect(answer, `the current tag is ${tag}; If-None-Match is a list, and compares weakly`).toHaveStatus(304)
      expect(answer, 'a 304 repeats the ETag').toHaveHeader('etag', tag)
      expect(await app.head(path, { headers })).toHaveStatus(304)
    }
    const [answer, rest] = await answerAndRest(app, { method: 'GET', path, headers: { 'If-None-Match': tag } })
    expect(answer).toHaveStatus(304)
    expect(rest, 'a 304 ends with its headers; the client would take a body for the next answer').toBe('')
  })

  test('If-None-Match with other ETags gets the note', async ({ app, random }) => {
    const id = someId(random)
    const path = await put(app, id, { title: 'old' })
    const old = await etagOf(app, path)
    const sent = someNote(random)
    await put(app, id, sent)
    const tag = await etagOf(app, path)
    for (const field of [old, `W/${old}`, '"none"', `"none", ${old}`, ...similarTo(tag)]) {
      const headers = { 'if-none-match': field }
      expect(await app.get(path, { headers }), `the current tag is ${tag}`).toAnswer(200, { ...sent, id })
      expect(await app.head(path, { headers }), `the current tag is ${tag}`).toHaveStatus(200)
    }
    const gone = `/notes/${someId(random)}`
    expect(await app.get(gone, { headers: { 'if-none-match': '*' } })).toHaveStatus(404)
  })
})

step('lost-updates', () => {
  test('a change with the current ETag is made', async ({ app, random }) => {
    const id = someId(random)
    const path = await put(app, id, { title: 'start' })
    const forms = (tag: string) => [tag, '*', ...listsWith(tag)]
    for (const [i] of forms('').entries()) {
      const ifMatch = async () => ({ 'if-match': forms(await etagOf(app, path))[i] ?? '' })
      const title = `${random.word()} ${i}`
      expect(await app.put(path, { json: { title }, headers: await ifMatch() })).toAnswer(200, { id, title })
      expect(await patch(app, path, { text: title }, { headers: await ifMatch() })).toAnswer(200, {
        id,
        title,
        text: title,
      })
      expect(await app.delete(path, { headers: await ifMatch() })).toHaveStatus(204)
      await put(app, id, { title: 'again' })
    }
  })

  test('a change with an outdated ETag is 412 and changes nothing', async ({ app, random }) => {
    const id = someId(random)
    const path = await put(app, id, { title: 'old' })
    const old = await etagOf(app, path)
    const sent = someNote(random)
    await put(app, id, sent)
    const tag = await etagOf(app, path)
    for (const field of [old, `"none", ${old}`, ...similarTo(tag)]) {
      const headers = { 'if-match': field }
      const why = `the current tag is ${tag}`
      expect(await app.put(path, { json: { title: 'lost' }, headers }), why).toHaveStatus(412)
      expect(await patch(app, path, { title: 'lost' }, { headers }), why).toHaveStatus(412)
      expect(await app.delete(path, { headers }), why).toHaveStatus(412)
    }
    expect(await app.get(path), 'a refused request changes nothing').toAnswer(200, { ...sent, id })
  })

  test('If-Match compares strongly', async ({ app, random }) => {
    const sent = someNote(random)
    const { id, path } = await create(app, sent)
    const tag = await etagOf(app, path)
    for (const field of [`W/${tag}`, ...listsWith(`W/${tag}`)]) {
      const headers = { 'if-match': field }
      const why = `If-Match: ${field} matches nothing: a weak tag does not say that the bytes are the same`
      expect(await app.put(path, { json: { title: 'lost' }, headers }), why).toHaveStatus(412)
      expect(await patch(app, path, { title: 'lost' }, { headers }), why).toHaveStatus(412)
      expect(await app.delete(path, { headers }), why).toHaveStatus(412)
    }
    expect(await app.get(path)).toAnswer(200, { ...sent, id })
  })

  test('If-Match on a note that does not exist does not create it', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    for (const field of ['*', '"none"']) {
      const headers = { 'if-match': field }
      expect(
        await app.put(path, { json: { title: 'x' }, headers }),
        'the client wants to change a note that is gone: creating a new one would hide that',
      ).toHaveStatus(412)
      expect(await patch(app, path, { title: 'x' }, { headers })).toHaveStatus([404, 412])
      expect(await app.delete(path, { headers })).toHaveStatus([404, 412])
    }
    expect(await app.get(path)).toHaveStatus(404)
  })

  test('If-None-Match: * creates and never replaces', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    const headers = { 'if-none-match': '*' }
    const answers = await together(10, (i) => app.put(path, { json: { title: `${random.word()} ${i}` }, headers }))
    expect(countStatuses(answers), 'ten clients want to be the first, one can').toEqual({ 201: 1, 412: 9 })
    const winner = answers.find(({ status }) => status === 201)
    expect(await app.get(path), 'the note is what the one with 201 has sent').toAnswer(200, winner?.json)
  })

  test('of many changes with the same ETag, one wins', async ({ app, random }) => {
    for (const method of ['PUT', 'PATCH']) {
      const { id, path } = await create(app, { title: 'start' })
      const tag = await etagOf(app, path)
      const titles = Array.from({ length: 20 }, (_, i) => `${random.word()} ${i}`)
      const answers = await together(titles.length, (i) => {
        const type = method === 'PUT' ? 'application/json' : mergePatchType
        const headers = { 'if-match': tag, 'content-type': type }
        return app.request(method, path, { json: { title: titles[i] }, headers })
      })
      expect(countStatuses(answers), `${method}: 20 clients have read the same note, each changes it`).toEqual({
        200: 1,
        412: 19,
      })
      const title = titles[answers.findIndex(({ status }) => status === 200)]
      expect(await app.get(path), `the note is what the ${method} with 200 has sent`).toAnswer(200, { id, title })
    }
  })

  test('one wins, also when the bodies arrive slowly', async ({ app, random }) => {
    for (const method of ['PUT', 'PATCH']) {
      const { id, path } = await create(app, { title: 'start' })
      const headers = {
        'If-Match': await etagOf(app, path),
        'Content-Type': method === 'PUT' ? 'application/json' : mergePatchType,
      }
      const titles = [0, 1, 2].map((i) => `${random.words(2)} ${i}`)
      const requests = []
      for (const title of titles) {
        requests.push(await startSlowly(app, { method, path, headers, body: JSON.stringify({ title }) }))
      }
      await sleep(80)
      const why =
        `${requests.length} clients sent half of a ${method} each, with the same If-Match, then one after the other its second half. ` +
        'The first has changed the note. Compare the tag when the body is complete, right before the change'
      for (const [i, request] of requests.entries()) {
        expect(await request.finish(), why).toHaveStatus(i === 0 ? 200 : 412)
      }
      expect(await app.get(path)).toAnswer(200, { id, title: titles[0] })
    }
  })

  test('a note that is deleted or created while a body arrives is noticed', async ({ app, random }) => {
    const gone = await create(app, { title: 'start' })
    const tag = await etagOf(app, gone.path)
    const body = JSON.stringify({ title: random.words(2) })
    const change = await startSlowly(app, { method: 'PUT', path: gone.path, headers: { 'If-Match': tag }, body })
    const path = `/notes/${someId(random)}`
    const first = await startSlowly(app, { method: 'PUT', path, headers: { 'If-None-Match': '*' }, body })
    await sleep(80)
    expect(await app.delete(gone.path)).toHaveStatus(204)
    expect(
      await change.finish(),
      'the note was deleted before the body was complete: compare the tag right before the change',
    ).toHaveStatus(412)
    expect(await app.get(gone.path), 'a deleted note came back').toHaveStatus(404)

    expect(await app.put(path, { json: { title: 'faster' } })).toHaveStatus(201)
    expect(
      await first.finish(),
      'somebody else has created the note before the body was complete: look right before the change',
    ).toHaveStatus(412)
    expect(await app.get(path)).toContainJson({ title: 'faster' })
  })

  test('patches without If-Match all take effect', async ({ app, random }) => {
    const { id, path } = await create(app, { title: 'start', counts: {} })
    const slow = await startSlowly(app, {
      method: 'PATCH',
      path,
      headers: { 'Content-Type': mergePatchType },
      body: JSON.stringify({ counts: { slow: true } }),
    })
    await sleep(80)
    const values = Array.from({ length: 15 }, () => random.int(1, 1000))
    const answers = await together(values.length, (i) => patch(app, path, { counts: { [`n${i}`]: values[i] } }))
    expect(countStatuses(answers)).toEqual({ 200: values.length })
    expect(await slow.finish()).toHaveStatus(200)
    const counts = Object.fromEntries(values.map((value, i) => [`n${i}`, value]))
    expect(
      await app.get(path),
      'one patch began before the others and was completed after them: each must be applied to the state at that moment',
    ).toAnswer(200, { id, title: 'start', counts: { ...counts, slow: true } })
  })

  test('many clients count together and lose nothing', async ({ app, random }) => {
    const [clients, times] = [5, 4]
    const start = random.int(1, 1000)
    const { path } = await create(app, { title: 'counter', count: start })
    await together(clients, async (client) => {
      for (let done = 0; done < times;) {
        const read = await app.get(path)
        const headers = { 'if-match': strongTag(read) }
        const count = (read.json.count as number) + 1
        const answer =
          client % 2 === 0
            ? await app.put(path, { json: { title: 'counter', count }, headers })
            : await patch(app, path, { count }, { headers })
        expect(answer).toHaveStatus([200, 412])
        if (answer.status === 200) done++
      }
    })
    expect(
      await app.get(path),
      `${clients} clients added one ${times} times each, with If-Match and again after each 412; the counter began at ${start}`,
    ).toContainJson({ count: start + clients * times })
  })
})
