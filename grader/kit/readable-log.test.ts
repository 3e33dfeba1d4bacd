import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { explainWords } from './explain-words.ts'
import { ownFrames, readableLog } from './readable-log.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'frames-'))
  for (const name of ['Main.java', 'main.rs']) writeFileSync(join(folder, name), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

// As each language prints them; `@` stands for the solution's folder.
const crashes = {
  javascript: {
    log: [
      'file://@/main.js:3',
      '    throw new Error("oops")',
      '    ^',
      '',
      'Error: oops',
      '    at Server.handle (file://@/main.js:3:11)',
      '    at Server.emit (node:events:524:28)',
      'Node.js v20.20.2',
    ],
    frames: ['main.js:3:11'],
    gone: ['node:events', 'Node.js'],
  },
  python: {
    log: [
      'Traceback (most recent call last):',
      '  File "@/main.py", line 20, in <module>',
      '    serve()',
      '  File "/usr/lib/python3.11/http/server.py", line 424, in handle_one_request',
      '    method()',
      '    ^^^^^^^^',
      '  File "@/store.py", line 6, in do_GET',
      '    body = jso.dumps({})',
      '           ^^^',
      "NameError: name 'jso' is not defined",
    ],
    frames: ['store.py:6', 'main.py:20'],
    gone: ['server.py', 'method()', '^^^^^^^^'],
  },
  go: {
    log: [
      'panic: oops',
      '',
      'goroutine 1 [running]:',
      'main.fail(...)',
      '\t@/main.go:7',
      'net/http.HandlerFunc.ServeHTTP(0xc0000b2000?, {0x6a0e40?, 0xc0000ba000?}, 0x0?)',
      '\t/usr/lib/go-1.19/src/net/http/server.go:2109 +0x2f',
      'main.main()',
      '\t@/main.go:11 +0x1d',
    ],
    frames: ['main.go:7', 'main.go:11'],
    gone: ['server.go', 'HandlerFunc'],
  },
  java: {
    log: [
      'Exception in thread "main" java.lang.IllegalStateException: oops',
      '\tat Main.handle(Main.java:6)',
      '\tat jdk.httpserver/com.sun.net.httpserver.Filter$Chain.doFilter(Filter.java:95)',
      '\tat java.base/java.lang.Thread.run(Thread.java:840)',
    ],
    frames: ['Main.java:6'],
    gone: ['Filter.java', 'Thread.java'],
  },
  ruby: {
    log: ["@/main.rb:3:in `handle': oops (RuntimeError)", "\tfrom @/main.rb:9:in `<main>'"],
    frames: ['main.rb:3', 'main.rb:9'],
    gone: [],
  },
  php: {
    log: ['PHP Fatal error:  Uncaught Exception: oops in @/main.php:3', 'Stack trace:', '#0 @/main.php(7): handle()'],
    frames: ['main.php:3', 'main.php:7'],
    gone: [],
  },
  rust: {
    log: ["thread 'main' panicked at 'oops', main.rs:4:9"],
    frames: ['main.rs:4:9'],
    gone: [],
  },
}

test.each(Object.entries(crashes))('a crash in %s is told with the learner’s own lines', (_, { log, frames, gone }) => {
  const lines = log.map((line) => line.replaceAll('@', folder))
  expect(ownFrames(lines, folder)).toEqual(frames)
  const readable = readableLog(lines, folder).join('\n')
  expect(readable).not.toContain(folder)
  expect(readable).toMatch(/oops|NameError/)
  for (const word of gone) expect(readable).not.toContain(word)
})

test.each([
  ['python', "ModuleNotFoundError: No module named 'flask'", /requirements\.txt/],
  ['js', "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'express' imported from /x/main.js", /npm install express/],
  ['go', 'fatal error: all goroutines are asleep - deadlock!', /waits/],
  ['java', 'Caused by: java.net.BindException: Address already in use', /PORT/],
  ['custom', 'sh: 1: exec: elixir: not found', /no program "elixir"/],
])('%s: %s is explained', (toolchain, line, means) => {
  expect(explainWords(toolchain, [{ log: ['starting', line] }]).join('\n')).toMatch(means)
  expect(explainWords(toolchain, [{ log: ['starting'] }, undefined])).toEqual([])
})
