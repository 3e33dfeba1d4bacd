import { fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addEvent, inspectEvents, progressFile, readEvents } from './progress-file.ts'
import type { ProgressEvent } from './progress-event.ts'

let root: string
let file: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'learn-backend-test-'))
  file = progressFile(root, 'ping')
})
afterEach(() => rmSync(root, { recursive: true }))

const now = new Date(2026, 0, 2, 3, 4, 5)
const hint = (level: number): ProgressEvent => ({
  v: 1,
  at: '2026-01-01T12:00:00.000Z',
  type: 'hint',
  step: 'one',
  level,
})
const put = (text: string) => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

test('events are read as they were added', async () => {
  for (const level of [1, 2, 3]) addEvent(root, 'ping', hint(level))
  expect(await readEvents(root, 'ping', now)).toEqual({ events: [hint(1), hint(2), hint(3)] })
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(4)
})

test('an exercise without a file has no events', async () => {
  expect(await readEvents(root, 'ping', now)).toEqual({ events: [] })
})

test('what a newer learn-backend wrote is kept and not understood', async () => {
  const newer = '{"v":2,"what":"ever"}\n{"v":1,"at":"2026-01-01T12:00:00.000Z","type":"praised","by":"a friend"}\n'
  put(newer)
  addEvent(root, 'ping', hint(1))
  expect(await readEvents(root, 'ping', now)).toEqual({ events: [hint(1)] })
  expect(readFileSync(file, 'utf8')).toBe(`${newer}${JSON.stringify(hint(1))}\n`)
})

test('a line that stands there twice after a merge counts once, and so do the line breaks of Windows', async () => {
  const line = JSON.stringify(hint(1))
  put(`${line}\r\n${line}\n\n${JSON.stringify(hint(2))}\r\n`)
  expect(await readEvents(root, 'ping', now)).toEqual({ events: [hint(1), hint(2)] })
})

test('a damaged file is set aside under a dated name, and its good lines are kept', async () => {
  const damaged = `<<<<<<< HEAD\n${JSON.stringify(hint(1))}\n=======\n{"v":2}\n>>>>>>> other\n{"v":1,"at":"2026-01-01T1`
  put(damaged)
  const { events, notice } = await readEvents(root, 'ping', now)
  expect(events).toEqual([hint(1)])
  expect(notice).toContain(
    'damaged in lines 1, 3, 5, 6: it was set aside as ping.jsonl.damaged-20260102-030405, and its 1 good event was kept',
  )
  expect(readFileSync(`${file}.damaged-20260102-030405`, 'utf8')).toBe(damaged)
  expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(hint(1))}\n{"v":2}\n`)
  expect(await readEvents(root, 'ping', now)).toEqual({ events: [hint(1)] })
})

test.each([
  '[]',
  '1',
  'null',
  '{}',
  '{"v":1,"type":"hint"}',
  '{"v":1,"at":"yesterday","type":"reset"}',
  '{"v":1,"at":"2026-01-01","type":"attempt"}',
])('a line that is JSON but no event is damage: %s', async (line) => {
  put(`${line}\n`)
  expect(await inspectEvents(root, 'ping')).toEqual({ events: [], damaged: [1] })
})

test('a file that is set aside twice in a second is kept twice', async () => {
  for (const text of ['x\n', 'y\n']) {
    put(text)
    await readEvents(root, 'ping', now)
  }
  expect(readdirSync(dirname(file)).sort()).toEqual([
    'ping.jsonl.damaged-20260102-030405',
    'ping.jsonl.damaged-20260102-030405-2',
  ])
})

test('an event after a line that was cut off has a line of its own', async () => {
  put('{"v":1,"at":"2026-01-01T12')
  addEvent(root, 'ping', hint(1))
  expect((await readEvents(root, 'ping', now)).events).toEqual([hint(1)])
})

test('a folder that is a file is told to be the obstacle', async () => {
  mkdirSync(join(root, '.learn-backend'))
  writeFileSync(join(root, '.learn-backend/progress'), '')
  expect(() => addEvent(root, 'ping', hint(1))).toThrow(expect.objectContaining({ code: 'not_writable' }))
  const { events, notice } = await readEvents(root, 'ping', now)
  expect(events).toEqual([])
  expect(notice).toContain(`${join(root, '.learn-backend/progress')} can't be read`)
})

test('processes that add events at once lose none, even while the file is damaged and set aside', async () => {
  const bundle = join(root, 'writer.mjs')
  await build({
    stdin: {
      contents: `import { addEvent, readEvents } from './progress-file.ts'
        const [root, name] = process.argv.slice(2)
        for (let level = 1; level <= 100; level++) {
          addEvent(root, 'ping', { v: 1, at: '2026-01-01T12:00:00.000Z', type: 'hint', step: name, level })
          if (level % 10 === 0) await readEvents(root, 'ping', new Date())
        }`,
      resolveDir: dirname(fileURLToPath(import.meta.url)),
      loader: 'ts',
    },
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
  })
  const writers = ['a', 'b', 'c', 'd'].map((name) => fork(bundle, [root, name]))
  const ends = Promise.all(writers.map((writer) => once(writer, 'exit')))
  let running = true
  void ends.finally(() => {
    running = false
  })
  mkdirSync(dirname(file), { recursive: true })
  while (running) {
    appendFileSync(file, 'damage\n')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect((await ends).map(([code]) => code)).toEqual([0, 0, 0, 0])
  const { events } = await readEvents(root, 'ping', new Date())
  expect(events).toHaveLength(400)
  const aside = readdirSync(dirname(file)).filter((name) => name !== 'ping.jsonl')
  expect(aside.length).toBeGreaterThan(0)
  for (const name of aside) expect(readFileSync(join(dirname(file), name), 'utf8')).toContain('damage')
})
