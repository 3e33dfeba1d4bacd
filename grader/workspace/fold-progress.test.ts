import { expect, test } from 'vitest'
import { foldProgress } from './fold-progress.ts'
import type { ProgressEvent } from './progress-event.ts'

let minute = 0
const at = () => ({ v: 1 as const, at: new Date(Date.UTC(2026, 0, 1, 12, minute++)).toISOString() })
const started = (lang = 'ts'): ProgressEvent => ({ ...at(), type: 'started', lang })
const attempt = (
  earned: number,
  steps: Record<string, 'passed' | 'failed' | 'skipped'>,
  more: object = {},
): ProgressEvent => ({
  ...at(),
  type: 'attempt',
  seed: 'abcd',
  status: earned === 10 ? 'passed' : 'failed',
  points: { earned, possible: 10 },
  steps,
  ...more,
})

test('an exercise without events is open', () => {
  expect(foldProgress([])).toMatchObject({ status: 'open', earned: 0, attempts: 0 })
})

test('the last attempt counts, and once passed it stays passed', () => {
  const first = [started(), attempt(4, { one: 'passed', two: 'failed' })]
  expect(foldProgress(first)).toMatchObject({ status: 'started', earned: 4, attempts: 1, steps: { two: 'failed' } })
  const passed = attempt(10, { one: 'passed', two: 'passed' })
  expect(foldProgress([...first, passed])).toMatchObject({ status: 'passed', passedAt: passed.at })
  const broken = attempt(0, { one: 'failed', two: 'skipped' })
  expect(foldProgress([...first, passed, broken])).toMatchObject({ status: 'passed', earned: 0, passedAt: passed.at })
})

test('the order of the lines does not matter, because two clones merge in any order', () => {
  const events = [
    started(),
    attempt(4, { one: 'passed', two: 'failed' }),
    { ...at(), type: 'hint', step: 'two', level: 1 } as const,
    { ...at(), type: 'reset', backup: 'x' } as const,
    started('js'),
    attempt(6, { one: 'failed', two: 'passed' }),
    { ...at(), type: 'hint', step: 'one', level: 2 } as const,
  ]
  const expected = foldProgress(events)
  expect(expected).toMatchObject({ status: 'started', lang: 'js', earned: 6, attempts: 1, hints: { one: 2 } })
  for (let turn = 1; turn < events.length; turn++) {
    expect(foldProgress([...events.slice(turn), ...events.slice(0, turn)])).toEqual(expected)
  }
  expect(foldProgress(events.toReversed())).toEqual(expected)
})

test('events of the same moment have the same result in any order', () => {
  const moment = at()
  const [left, right]: ProgressEvent[] = [
    { ...moment, type: 'started', lang: 'ts' },
    { ...moment, type: 'started', lang: 'js' },
  ]
  expect(foldProgress([left, right] as ProgressEvent[])).toEqual(foldProgress([right, left] as ProgressEvent[]))
})

test('an attempt at one step passes that step, not the exercise', () => {
  const whole = attempt(4, { one: 'failed', two: 'passed' })
  const partial = attempt(2, { one: 'passed', two: 'skipped' }, { status: 'passed', only: ['one'] })
  expect(foldProgress([whole, partial])).toMatchObject({
    status: 'started',
    earned: 4,
    steps: { one: 'passed', two: 'passed' },
  })
})

test('an attempt that judged nothing changes no verdict', () => {
  const judged = attempt(4, { one: 'passed', two: 'failed' })
  const errored = attempt(0, { one: 'skipped', two: 'skipped' }, { status: 'errored', cause: 'environment' })
  const progress = foldProgress([judged, errored])
  expect(progress).toMatchObject({ earned: 4, steps: { two: 'failed' }, lastAttempt: { cause: 'environment' } })
})

test('a reset starts again, and forgets neither the pass nor that the solution was seen', () => {
  const passed = attempt(10, { one: 'passed' })
  const progress = foldProgress([passed, { ...at(), type: 'solution' }, { ...at(), type: 'reset', backup: 'x' }])
  expect(progress).toMatchObject({
    status: 'started',
    earned: 0,
    attempts: 0,
    steps: {},
    passedAt: passed.at,
    solutionSeen: true,
  })
  expect(progress.lastAttempt).toBeUndefined()
})
