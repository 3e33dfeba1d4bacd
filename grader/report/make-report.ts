import type { TestResult, TestRun } from '../engine/run-tests.ts'
import type { Exercise } from '../exercise/exercise.ts'
import type { FailureCode } from '../kit/evidence.ts'
import { harmless } from '../solution/output-log.ts'
import type { LimitHit } from '../isolation/isolation.ts'
import type { Cause, Limit, Report, ReportStep, ReportTest } from './schema.ts'

/** What is known of a grading before any test has run. */
export interface ReportHead {
  exercise: Exercise
  seed: string
  toolchain: Report['toolchain']
  services: Report['services']
  isolation: Report['isolation']
  /** Only these steps were asked for; all when absent. */
  only?: string[] | undefined
  startedAt: Date
  ms: number
  grader: string
}

/** How the kit marks a test of a step that was not asked for. */
const notSelected = 'not selected'

/** A report of tests that ran. @param hit a limit that the solution hit, which explains whatever failed */
export function makeReport(head: ReportHead, run: TestRun, hit?: LimitHit): Report {
  const steps = head.exercise.steps.map((step) =>
    makeStep(
      step,
      run.tests.filter((test) => test.step === step.id && test.note !== notSelected),
    ),
  )
  const wanted = steps.filter((step) => !head.only || head.only.includes(step.id))
  const failed = wanted.find((step) => step.status === 'failed')
  if (run.problems.length > 0) {
    return { ...frame(head, steps), status: 'errored', cause: 'exercise', message: run.problems.join('\n') }
  }
  const { cause, limit } = failed?.tests.find((test) => test.status === 'failed') ?? {}
  const passed = wanted.every((step) => step.status === 'passed')
  if (passed) return { ...frame(head, steps), status: 'passed' }
  if (hit) return { ...frame(head, steps), status: 'failed', ...causeOf(hit) }
  return { ...frame(head, steps), status: 'failed', ...(cause ? { cause } : {}), ...(limit ? { limit } : {}) }
}

/** A limit as the cause of a failure. */
export function causeOf({ limit, message }: LimitHit): { cause: Cause; limit: Limit; message: string } {
  return { cause: causeOfLimit[limit] ?? 'resource_limit', limit, message: `The solution was stopped: ${message}.` }
}

const causeOfLimit: Partial<Record<Limit, Cause>> = { memory: 'out_of_memory', time: 'timeout' }

/** A report of a grading that ended before its first test. */
export function makeEarlyReport(
  head: ReportHead,
  end: { cause: Cause; limit?: Limit; message: string; evidence?: NonNullable<Report['evidence']> },
): Report {
  const steps = head.exercise.steps.map((step) => makeStep(step, []))
  return { ...frame(head, steps), status: notItsFault.has(end.cause) ? 'errored' : 'failed', ...end }
}

/** Causes that say nothing about the solution. */
const notItsFault = new Set<Cause>(['environment', 'exercise', 'internal'])

function frame(head: ReportHead, steps: ReportStep[]): Omit<Report, 'status'> {
  const { id, title, topic } = head.exercise
  const sum = (key: 'earned' | 'possible') => steps.reduce((total, step) => total + step.points[key], 0)
  return {
    version: 1,
    exercise: { id, title, topic },
    points: { earned: sum('earned'), possible: sum('possible') },
    steps,
    seed: head.seed,
    toolchain: head.toolchain,
    services: head.services,
    isolation: head.isolation,
    startedAt: head.startedAt.toISOString(),
    ms: head.ms,
    grader: head.grader,
  }
}

function makeStep({ id, title, section, points }: Exercise['steps'][number], results: TestResult[]): ReportStep {
  const tests = results.map(makeTest)
  const status = tests.some((test) => test.status === 'failed')
    ? 'failed'
    : tests.length > 0 && tests.every((test) => test.status === 'passed')
      ? 'passed'
      : 'skipped'
  const needs = results.map((result) => /^needs (.+)$/.exec(result.note ?? '')?.[1]).find(Boolean)
  return {
    id,
    title,
    section,
    status,
    points: { earned: status === 'passed' ? points : 0, possible: points },
    ms: tests.reduce((total, test) => total + test.ms, 0),
    ...(status === 'skipped' && needs ? { needs } : {}),
    tests,
  }
}

const causes: Partial<Record<FailureCode, Cause>> = {
  never_listened: 'never_listened',
  crashed: 'crashed',
  timeout: 'timeout',
  flooded: 'resource_limit',
  too_large: 'resource_limit',
}

const limits: Partial<Record<FailureCode, Limit>> = { flooded: 'output', too_large: 'answer' }

function makeTest(result: TestResult): ReportTest {
  const cause = result.code && causes[result.code]
  const limit = result.code && limits[result.code]
  return {
    title: result.title,
    status: result.status,
    ms: Math.round(result.ms * 10) / 10,
    ...(result.message === undefined ? {} : { message: harmless(result.message) }),
    ...(cause ? { cause } : {}),
    ...(limit ? { limit } : {}),
    ...(result.evidence ? { evidence: cleaned(result.evidence) } : {}),
  }
}

/** Evidence holds what the solution said: nothing of it may reach a terminal or a log as a control sequence. */
function cleaned(evidence: NonNullable<TestResult['evidence']>): NonNullable<ReportTest['evidence']> {
  const entries = Object.entries(evidence).flatMap(([name, value]: [string, unknown]) => {
    if (Array.isArray(value)) return value.length > 0 ? [[name, value.map((line) => harmless(String(line)))]] : []
    return value === undefined ? [] : [[name, harmless(String(value))]]
  })
  return Object.fromEntries(entries) as NonNullable<ReportTest['evidence']>
}
