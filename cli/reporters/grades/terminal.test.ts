import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { createTerminal } from '../../terminal.ts'
import { classOfThree, gradesFor, reportFor } from './class-of-three.ts'
import { dangersIn, hostileGrades, hugeGrades } from './hostile-grades.ts'
import { plainTerminal, textOf } from './open-formats.ts'
import { terminalGrades } from './terminal.ts'

const render = (grades: typeof classOfThree, width = 100) =>
  textOf(terminalGrades, grades, { terminal: plainTerminal(width) })

test('a class is a table, with the first failure of each who failed', async () => {
  expect(await render(classOfThree)).toBe(`✔ ada    hello-http   5/5
✖ ada    cache-aside  0/5  environment
    Redis did not start.
✖ grace  hello-http   2/5  failed
    greet · greets in every script: the path carries percent-encoded UTF-8
✖ grace  cache-aside  0/5  out of memory
    read · reads through the cache: The program was killed: it took more than 512 MiB of memory.
✖ linus  hello-http   0/5  does not build
    The solution does not build.
7/25 points (28 %) · 1 of 5 passed · 2.1 s
Isolation: bubblewrap 0.8.0, as an unused user, without a network · memory: cgroup v2, 512 MiB ·
processes: cgroup v2, 64
`)
})

test('a workspace of one shows no learner, and what is passed stays short', async () => {
  const [first] = classOfThree.submissions
  const { learner: _, ...own } = first ?? expect.fail()
  expect(await render(gradesFor([own]))).toBe(`✔ hello-http  5/5
5/5 points (100 %) · 1 of 1 passed · 2.1 s
Isolation: bubblewrap 0.8.0, as an unused user, without a network · memory: cgroup v2, 512 MiB ·
processes: cgroup v2, 64
`)
})

test('nothing graded is said as a sum', async () => {
  expect(await render(gradesFor([]))).toContain('0/0 points (100 %) · 0 of 0 passed')
})

test('names that are too long are cut, in any script', async () => {
  const learner = '日本語'.repeat(20)
  const text = await render(gradesFor([{ learner, exercise: 'hello-http', folder: 'x', report: reportFor({}) }]), 60)
  expect(text).toMatch(/^✖ (日本語)+.?.?… +hello-http {2}0\/5 {2}failed$/m)
})

test.each([40, 60, 80, 200])('no line is wider than a terminal of %i columns', async (width) => {
  for (const grades of [classOfThree, hostileGrades]) {
    for (const line of (await render(grades, width)).split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width)
  }
})

test.each([40, 41, 42, 43, 44, 80])('hostile words stay words, broken at %i columns', async (width) => {
  for (const grades of [hostileGrades, hugeGrades]) {
    const text = await render(grades, width)
    expect(dangersIn(text)).toEqual([])
    expect(text.length).toBeLessThan(60_000)
  }
})

test('the only escape sequences are our colours, and a file has none', async () => {
  const stdout = { isTTY: true, columns: 80 } as NodeJS.WriteStream
  const terminal = createTerminal({ stdout, env: { FORCE_COLOR: '1' } }, { colour: true })
  const text = await textOf(terminalGrades, hostileGrades, { terminal })
  // The colours are a switch of the whole process.
  createTerminal({ stdout, env: {} }, { colour: false })
  expect(text).toContain('\u001b[31m')
  expect(dangersIn(text.replaceAll(/\u001b\[\d+m/g, ''))).toEqual([])
  const file = await textOf(terminalGrades, hostileGrades, { terminal, target: 'grades.txt' })
  expect(dangersIn(file)).toEqual([])
})
