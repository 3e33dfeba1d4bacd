import { expect, test } from 'vitest'
import type { ExerciseState } from '../../grader/index.ts'
import { createTerminal } from '../terminal.ts'
import { type CourseList, listText } from './list.ts'

const tracker: ExerciseState = {
  id: 'task-tracker-cli',
  title: 'A task tracker for the command line',
  summary: '',
  topic: 'projects',
  status: 'passed',
  points: { earned: 100, possible: 100 },
  minutes: 240,
  languages: ['js', 'ts'],
  attempts: 3,
}
const list: CourseList = {
  course: { id: 'course', title: 'A course' },
  topics: [
    { id: 'projects', title: 'Projects', exercises: [tracker] },
    { id: '02-empty', title: 'Empty', exercises: [] },
  ],
  invalid: ['broken'],
}
const terminalOf = (columns: number | undefined) =>
  createTerminal(
    { stdout: { isTTY: columns !== undefined, columns } as NodeJS.WriteStream, env: {} },
    { colour: false },
  )

test('in a pipe nothing is cut, and a broken exercise is named', async () => {
  const text = await listText(list, terminalOf(undefined))
  expect(text).toContain(
    '✔ passed  task-tracker-cli 100/100 points   240 min  js ts  A task tracker for the command line\n',
  )
  expect(text).toContain('no exercises yet')
  expect(text).toContain('Not usable because of mistakes in them: broken')
})

test('on a narrow terminal the title is cut, then left out, then the facts take a line of their own', async () => {
  expect(await listText(list, terminalOf(76))).toContain('240 min  js ts  A task tracke…\n')
  expect(await listText(list, terminalOf(66))).toContain('240 min  js ts\n')
  expect(await listText(list, terminalOf(50))).toContain(
    '✔ passed  task-tracker-cli\n      100/100 points · 240 min · js ts\n',
  )
})
