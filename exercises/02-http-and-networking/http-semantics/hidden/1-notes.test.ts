import { expect } from 'vitest'
import { note, step, test, together } from 'learn-backend/kit'
import { countStatuses, create, jsonType, patch, put, someId, someNote } from './notes.ts'

step('create-and-read', () => {
  test('POST /notes creates a note and says where it is', async ({ app, random }) => {
    const sent = { title: random.words(2), text: random.words(4) }
    const { id, path, answer } = await create(app, sent)
    expect(answer, 'the answer is the new note, with the id of its URL').toHaveJson({ ...sent, id })
    expect(answer).toHaveHeader('content-type', jsonType)

    const read = await app.get(path)
    expect(read, 'GET on the Location answers the note').toAnswer(200, { ...sent, id })
    expect(read).toHaveHeader('content-type', jsonType)
  })

  test('a note that does not exist and any other path are 404', async ({ app, random }) => {
    expect(await app.get(`/notes/${someId(random)}`)).toHaveStatus(404)
    expect(await app.get(`/${random.word()}-${random.hex(4)}`)).toHaveStatus(404)
    expect(await app.get(`/notes/${someId(random)}/${random.hex(4)}`)).toHaveStatus(404)
  })

  test('keeps every member as it came', async ({ app, random }) => {
    const sent = {
      title: `${random.word()} ${random.unicode()}`,
      due: null,
      place: { name: random.name(), at: { floor: random.int(-3, 90), rooms: [] }, extra: {} },
      quotes: '"\\/\b\f\n\r\t\u0000 <b>&amp;</b> \u2028',
      emoji: '👩‍👩‍👧 e\u0301 é ﷽',
      numbers: [0, -1, 0.1, 1e21, random.int(1, 2 ** 40)],
      nothing: [null, {}, [], '', false, 0],
      '': 'a member without a name',
    }
    const { id, path } = await create(app, sent)
    expect(await app.get(path)).toAnswer(200, { ...sent, id })
  })

  test('GET /notes lists every note', async ({ app, random }) => {
    const mine = []
    for (let i = 0; i < 3; i++) {
      const sent = someNote(random)
      mine.push({ ...sent, id: (await create(app, sent)).id })
    }
    const list = await app.get('/notes')
    expect(list).toHaveStatus(200)
    expect(list).toHaveHeader('content-type', jsonType)
    expect(list, 'every note that was created is in the list').toHaveJson(expect.arrayContaining(mine))
  })

  test('many notes created at once each get an id of their own', async ({ app, random }) => {
    const titles = Array.from({ length: 30 }, () => `${random.word()} ${random.hex(8)}`)
    const created = await together(titles.length, (i) => create(app, { title: titles[i] }))
    const paths = new Set(created.map(({ path }) => path))
    expect(paths.size, 'two notes were created under the same URL').toBe(titles.length)
    for (const [i, { id, path }] of created.entries()) {
      expect(await app.get(path)).toAnswer(200, { id, title: titles[i] })
    }
  })

  test('an id in the body of a POST is ignored', async ({ app, random }) => {
    const old = await create(app, { title: 'first' })
    const second = await create(app, { title: 'second', id: old.id })
    expect(second.id, 'the body named the id of another note, and POST used it').not.toBe(old.id)
    expect(await app.get(old.path)).toAnswer(200, { id: old.id, title: 'first' })
    const third = await create(app, { title: 'third', id: random.int(1, 1000) })
    expect(await app.get(third.path), 'the id in a note is that of its URL, whatever the body said').toAnswer(200, {
      id: third.id,
      title: 'third',
    })
  })

  test('the query string is ignored', async ({ app, random }) => {
    const title = random.words(2)
    const { id, path } = await create(app, { title })
    expect(await app.get(`${path}?${random.word()}=/notes/${random.hex(4)}`)).toAnswer(200, { id, title })
    expect(await app.get(`/notes?${random.word()}`)).toHaveStatus(200)
  })
})

step('replace-and-delete', () => {
  test('PUT creates a note under the id that the client chose', async ({ app, random }) => {
    const id = someId(random)
    const sent = someNote(random)
    const answer = await app.put(`/notes/${id}`, { json: sent })
    expect(answer, 'a note that was not there before is 201').toAnswer(201, { ...sent, id })
    expect(answer).toHaveHeader('content-type', jsonType)
    expect(await app.get(`/notes/${id}`)).toAnswer(200, { ...sent, id })
  })

  test('PUT replaces the whole note', async ({ app, random }) => {
    const id = someId(random)
    const path = await put(app, id, { ...someNote(random), place: { name: random.name(), floor: 3 } })
    const next = { title: random.words(2), place: { street: random.word() } }
    expect(await app.put(path, { json: next }), 'the note was there: 200').toHaveStatus(200)
    expect(
      await app.get(path),
      'members that the new body does not have must be gone: PUT replaces, it does not merge',
    ).toAnswer(200, { ...next, id })
  })

  test('repeating a PUT leaves the same single note', async ({ app, random }) => {
    const id = someId(random)
    const path = `/notes/${id}`
    const sent = someNote(random)
    const statuses = []
    for (let i = 0; i < 3; i++) statuses.push((await app.put(path, { json: sent })).status)
    expect(statuses, 'the first PUT creates (201), the others replace (200)').toEqual([201, 200, 200])

    const read = await app.get(path)
    expect(await app.put(path, { json: read.json }), 'a note can be sent back as it was read').toHaveStatus(200)
    expect(await app.get(path)).toAnswer(200, { ...sent, id })
    const list = await app.get('/notes')
    expect(list).toHaveStatus(200)
    const listed = (list.json as { id: string }[]).filter((item) => item.id === id)
    expect(listed.length, `GET /notes has ${path} this many times after four PUTs`).toBe(1)
  })

  test('an id in the body of a PUT is ignored', async ({ app, random }) => {
    const [id, other] = [someId(random), someId(random)]
    const path = await put(app, id, { title: 'here', id: other })
    expect(await app.get(path)).toAnswer(200, { title: 'here', id })
    expect(await app.get(`/notes/${other}`), 'the URL decides where the note is, not the body').toHaveStatus(404)
  })

  test('of many clients that PUT the same new note at once, one gets 201', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    const answers = await together(20, (i) => app.put(path, { json: { title: `${random.word()} ${i}` } }))
    expect(countStatuses(answers), 'one client creates the note, all the others replace it').toEqual({
      201: 1,
      200: 19,
    })
  })

  test('DELETE removes the note', async ({ app, random }) => {
    const id = someId(random)
    const path = await put(app, id, someNote(random))
    const answer = await app.delete(path)
    expect(answer).toHaveStatus(204)
    expect(answer.text, '204 means that there is no body').toBe('')
    expect(await app.get(path)).toHaveStatus(404)
    expect(await app.delete(path), 'there is nothing left to delete').toHaveStatus(404)
    const list = await app.get('/notes')
    expect(list, 'a deleted note is not listed').not.toHaveJson(
      expect.arrayContaining([expect.objectContaining({ id })]),
    )
    expect(await app.put(path, { json: { title: 'again' } }), 'the id is free again').toAnswer(201, {
      id,
      title: 'again',
    })
  })

  test('every id is only a name', async ({ app, random }) => {
    for (const id of ['constructor', '__proto__', 'toString', 'length', '-', '_'.repeat(64)]) {
      const path = `/notes/${id}`
      expect(await app.get(path), `no client has created ${path}`).toHaveStatus(404)
      const sent = { title: random.words(2) }
      expect(await app.put(path, { json: sent })).toAnswer(201, { ...sent, id })
      expect(await app.get(path)).toAnswer(200, { ...sent, id })
      expect(await app.delete(path)).toHaveStatus(204)
      expect(await app.get(path)).toHaveStatus(404)
    }
  })

  test('POST never takes an id that a PUT has taken', async ({ app, random }) => {
    const { id: last } = await create(app, { title: 'the last one' })
    // If ids are counted, the next ones can be foreseen.
    const digits = /\d{1,12}$/.exec(last)?.[0] ?? ''
    const prefix = digits === '' ? `${last.slice(0, 60)}-` : last.slice(0, -digits.length)
    const taken = new Map<string, string>()
    for (let next = 1; next <= 4; next++) {
      const id = prefix + String(Number(digits) + next).padStart(digits.length, '0')
      const title = `${random.word()} ${random.hex(6)}`
      await put(app, id, { title })
      taken.set(id, title)
    }
    note(`POST had chosen ${last}; PUT then took ${[...taken.keys()].join(', ')}.`)
    for (let i = 0; i < 6; i++) await create(app, { title: 'one more' })
    for (const [id, title] of taken) {
      expect(await app.get(`/notes/${id}`), 'a POST has overwritten the note that a client had PUT here').toAnswer(
        200,
        {
          id,
          title,
        },
      )
    }
  })
})

step('merge-patch', () => {
  test('a patch replaces, adds and removes members', async ({ app, random }) => {
    const { id, path } = await create(app, { title: 'old', text: 'old', gone: 1, same: [1] })
    const [title, added] = [random.words(2), random.unicode()]
    const answer = await patch(app, path, { title, gone: null, added, absent: null })
    const expected = { id, title, text: 'old', same: [1], added }
    expect(answer, 'the answer is the note as it is now').toAnswer(200, expected)
    expect(answer).toHaveHeader('content-type', jsonType)
    expect(await app.get(path)).toAnswer(200, expected)
  })

  test('objects are merged at any depth', async ({ app, random }) => {
    const [floor, name] = [random.int(1, 90), random.name()]
    const { id, path } = await create(app, {
      title: 'deep',
      place: { name, at: { floor: 0, door: 'b', keep: { x: 1 } }, open: true },
    })
    expect(
      await patch(app, path, { place: { at: { floor, door: null }, open: null } }),
      'an object in the patch is merged into the object that is there; it does not take its place',
    ).toAnswer(200, {
      id,
      title: 'deep',
      place: { name, at: { floor, keep: { x: 1 } } },
    })
  })

  test('an object takes the place of what was no object, without its nulls', async ({ app, random }) => {
    const word = random.word()
    const { id, path } = await create(app, { title: 'types', list: [1, 2], text: 'x', nothing: null })
    const changes = {
      list: { a: word, b: null },
      text: { c: { d: null } },
      nothing: {},
      fresh: { e: { f: null, g: 1 } },
    }
    expect(
      await patch(app, path, changes),
      'null in a patch means "remove", also inside an object that was not there before: it is never stored',
    ).toAnswer(200, { id, title: 'types', list: { a: word }, text: { c: {} }, nothing: {}, fresh: { e: { g: 1 } } })
  })

  test('lists are replaced as a whole, with everything in them', async ({ app, random }) => {
    const { id, path } = await create(app, { title: 'lists', tags: [{ a: 1 }, 2, 3], place: { name: 'x' } })
    const tags = [{ b: null, c: random.int(1, 9) }, null]
    expect(await patch(app, path, { tags, place: ['y'] }), 'a null inside a list is a value').toAnswer(200, {
      id,
      title: 'lists',
      tags,
      place: ['y'],
    })
  })

  test('a null that the note already has stays', async ({ app, random }) => {
    const { id, path } = await create(app, { title: 'nulls', due: null, place: { at: null, name: 'x' } })
    const name = random.name()
    expect(
      await patch(app, path, { place: { name } }),
      'only a null in the patch removes; a null in the note is a value',
    ).toAnswer(200, { id, title: 'nulls', due: null, place: { at: null, name } })
  })

  test('a patch does not change the id', async ({ app, random }) => {
    const { id, path } = await create(app, { title: 'id' })
    for (const other of [someId(random), null, { a: 1 }]) {
      expect(await patch(app, path, { id: other, text: 'x' })).toAnswer(200, { id, title: 'id', text: 'x' })
    }
  })

  test('a patch that leaves no valid note is refused and changes nothing', async ({ app, random }) => {
    const sent = someNote(random)
    const { id, path } = await create(app, sent)
    const patches = [
      { title: null, stars: 0 },
      { stars: 0, title: random.int(1, 9) },
      { tags: null, title: '' },
      { title: { a: 'x' } },
      ['title'],
      random.word(),
      null,
    ]
    for (const changes of patches) {
      expect(await patch(app, path, changes), 'the merged result is what must be a note').toHaveStatus(422)
      expect(await app.get(path), `a refused patch changes nothing: ${JSON.stringify(changes)}`).toAnswer(200, {
        ...sent,
        id,
      })
    }
    expect(
      await patch(app, path, { text: 'valid' }),
      'the refused patches before this one have left something behind: merge into a copy, not into the stored note',
    ).toAnswer(200, { ...sent, id, text: 'valid' })
  })

  test('a note that does not exist is not created by a patch', async ({ app, random }) => {
    const path = `/notes/${someId(random)}`
    expect(await patch(app, path, { title: 'x' })).toHaveStatus(404)
    expect(await app.get(path)).toHaveStatus(404)
  })

  test('only a merge patch is taken', async ({ app, random }) => {
    const sent = { title: random.words(2) }
    const { id, path } = await create(app, sent)
    for (const type of ['application/json', 'application/json-patch+json', 'text/plain']) {
      const answer = await patch(app, path, { title: 'changed' }, { headers: { 'content-type': type } })
      expect(answer).toHaveStatus(415)
      expect(answer, 'a 415 to PATCH says what would be taken').toHaveHeader(
        'accept-patch',
        /application\/merge-patch\+json/i,
      )
    }
    expect(await app.get(path)).toAnswer(200, { ...sent, id })
  })

  test('no member name of a patch reaches another note', async ({ start, random }) => {
    const app = await start()
    const first = await create(app, { title: 'first' })
    const second = await create(app, { title: 'second' })
    const title = random.word()
    for (const body of [`{"__proto__":{"title":"${title}"}}`, `{"constructor":{"prototype":{"title":"${title}"}}}`]) {
      const answer = await patch(app, first.path, {}, { body })
      expect(answer.status, `PATCH ${body}`).toBeLessThan(500)
    }
    expect(
      await patch(app, second.path, { title: null }),
      'this note has lost its title, so 422. A patch with __proto__ gave every object of the program a title: prototype pollution',
    ).toHaveStatus(422)
    expect(await app.get(second.path)).toAnswer(200, { id: second.id, title: 'second' })
  })
})
