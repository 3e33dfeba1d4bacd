import { expect } from 'vitest'
import { SolutionFailure, step, test } from 'learn-backend/kit'
import { expectValue, kv, noise } from './ledger.ts'
import { put, startPut } from './puts.ts'

const MAX_VALUE = 8 << 20

step('basics', () => {
  test('a value that was put is what GET answers', async ({ app, random }) => {
    const key = random.word()
    const value = random.words(5)
    await put(app, key, value)
    expectValue(await app.get(kv(key)), Buffer.from(value), 'GET answers the body of the PUT, and nothing else')
  })

  test('a key without a value is answered with 404', async ({ app, random }) => {
    expect(await app.get(kv(`nobody-${random.hex(12)}`))).toHaveStatus(404)
  })

  test('a second PUT replaces the value', async ({ app, random }) => {
    const key = `twice-${random.hex(8)}`
    const other = `other-${random.hex(8)}`
    await put(app, other, 'stays')
    await put(app, key, 'a first and longer value')
    await put(app, key, 'second')
    expectValue(await app.get(kv(key)), Buffer.from('second'), 'the second PUT replaces all of the first value')
    expectValue(await app.get(kv(other)), Buffer.from('stays'), 'a PUT changes its own key only')
  })

  test('DELETE takes the value away, also when there is none', async ({ app, random }) => {
    const key = `gone-${random.hex(8)}`
    await put(app, key, 'soon gone')
    expect(await app.delete(kv(key))).toHaveStatus(204)
    expect(await app.get(kv(key)), 'the key was deleted').toHaveStatus(404)
    expect(await app.delete(kv(key)), 'a DELETE without a value changes nothing, and is answered alike').toHaveStatus(
      204,
    )
    await put(app, key, 'back')
    expectValue(await app.get(kv(key)), Buffer.from('back'), 'a deleted key can be used again')
  })
})

step('bytes', () => {
  test('a value is any bytes', async ({ app, random }) => {
    const values = [
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
      Buffer.from('line\nline\r\n\r\n\tend\n\n'),
      Buffer.from('\ufeff{"json": [1, 2.0, "\\u00e9"]} '),
      Buffer.from(`${random.unicode()} 🔑`),
      random.bytes(random.int(3000, 5000)),
    ]
    for (const [index, value] of values.entries()) {
      const key = `bytes-${index}-${random.hex(6)}`
      await put(app, key, value)
      expectValue(
        await app.get(kv(key)),
        value,
        'a value is bytes, not text: decoding it loses what is not valid UTF-8',
      )
    }
  })

  test('a value is bytes whatever Content-Type it has', async ({ app, random }) => {
    const value = Buffer.from(`{ "a":  ${random.int(1, 999)}.0, "a": "b" }`)
    for (const type of ['application/json', 'text/plain; charset=utf-16', 'application/x-www-form-urlencoded']) {
      const key = `type-${random.hex(6)}`
      expect(await app.put(kv(key), { body: value, headers: { 'content-type': type } })).toHaveStatus(204)
      expectValue(await app.get(kv(key)), value, `the body came with Content-Type: ${type}, and is stored as it is`)
    }
  })

  test('an empty value is a value', async ({ app, random }) => {
    const key = `empty-${random.hex(8)}`
    await put(app, key, '')
    expectValue(await app.get(kv(key)), Buffer.alloc(0), 'a value of 0 bytes is not the same as no value')
    await put(app, key, 'x')
    await put(app, key, '')
    expectValue(await app.get(kv(key)), Buffer.alloc(0), 'an empty value replaces another one')
  })

  test('names that a language or a file system knows are ordinary keys', async ({ app }) => {
    const keys = [
      'constructor',
      '__proto__',
      'toString',
      'hasOwnProperty',
      'length',
      'null',
      '.',
      '..',
      '/',
      '*',
      'CON',
      '-rf',
    ]
    for (const key of keys) {
      expect(await app.get(kv(key)), 'nobody has put this key yet').toHaveStatus(404)
    }
    for (const key of keys) await put(app, key, `value of ${key}`)
    for (const key of keys) {
      expectValue(
        await app.get(kv(key)),
        Buffer.from(`value of ${key}`),
        `${JSON.stringify(key)} is a key like any other`,
      )
    }
  })

  test('keys that look alike are different keys', async ({ app, random }) => {
    const salt = random.hex(6)
    const long = salt.padEnd(511, 'k')
    const keys = [
      ['a/b', 'a%2Fb', 'a_b', 'a-b', 'a\\b', 'a:b', '../a/b', '/a/b', 'a//b'],
      ['key', 'Key', 'KEY', 'key ', ' key', 'key.', 'key\n', 'key\r\n', 'key\t'],
      ['\u00e9', 'e\u0301', '\u00c9', '%C3%A9', 'e'],
      ['1', '01', '1.0', '1e0'],
      ['a b', 'a+b', 'a%20b', 'a&b', 'a=b', 'a#b', 'a?b', 'a;b', 'a"b', "a'b"],
      ['\u{1f511}', '\ud7ff', '\uffff', '\u{10ffff}'],
      [`${long}x`.slice(6), `${long}y`.slice(6), `${long}x`.slice(7)],
    ].flatMap((group) => group.map((key) => salt + key))
    for (const key of keys) await put(app, key, `value of ${JSON.stringify(key)}`)
    for (const key of keys) {
      const why = 'two keys are the same only if all their bytes are the same, and a key may have 512 of them'
      expectValue(await app.get(kv(key)), Buffer.from(`value of ${JSON.stringify(key)}`), why)
    }
  })

  test('a key that is missing, empty or longer than 512 bytes is answered with 400', async ({ app, random }) => {
    const longest = `${random.hex(2)}${'€'.repeat(170)}` // 512 bytes, but 172 characters
    await put(app, longest, 'fits')
    expectValue(await app.get(kv(longest)), Buffer.from('fits'), 'a key of 512 bytes is allowed')
    for (const path of ['/kv', '/kv?key=', kv(`${longest}x`), kv('€'.repeat(171)), kv('k'.repeat(2000))]) {
      expect(await app.put(path, { body: 'x' }), 'a key has 1 to 512 bytes in UTF-8 (not characters)').toHaveStatus(400)
      expect(await app.get(path), 'a key has 1 to 512 bytes in UTF-8, for GET too').toHaveStatus(400)
      expect(await app.delete(path), 'a key has 1 to 512 bytes in UTF-8, for DELETE too').toHaveStatus(400)
    }
  })

  test('a value of 8 MiB is stored, one byte more is answered with 413', async ({ app, random }) => {
    const key = `huge-${random.hex(6)}`
    const value = noise(random, MAX_VALUE)
    await put(app, key, value)
    expectValue(await app.get(kv(key)), value, 'a value of exactly 8 MiB is allowed')

    const connection = await startPut(app, key, MAX_VALUE + 1)
    const sent = connection.write(Buffer.alloc(MAX_VALUE + 1)).catch(() => {}) // it may be refused half-way
    const head = await connection.read(/\r\n/).catch((error: unknown) => {
      // Who closes without reading the rest may reset the connection before the answer is read.
      if (error instanceof SolutionFailure && error.code === 'reset') return 'HTTP/1.1 413 (closed)'
      throw error
    })
    connection.destroy()
    await sent
    expect(head, 'a body of 8 MiB and one byte is answered with 413').toMatch(/^HTTP\/1\.[01] 413 /)
    expectValue(await app.get(kv(key)), value, 'a body that is too long changes nothing')
    expect(await app.delete(kv(key))).toHaveStatus(204)
  })
})
