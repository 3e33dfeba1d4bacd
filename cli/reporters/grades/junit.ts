import type { Grades, ReportStep, ReportTest, Submission } from '../../../grader/index.ts'
import type { GradeFormat } from './format.ts'
import { type Evidence, evidenceRows, evidenceText, failuresOf, nameOf, seconds } from './outcome.ts'
import { plainGrades, plainLine, withoutCommands } from './plain-text.ts'

/**
 * JUnit's XML as Jenkins, GitLab and others read it: there is no official schema, so only elements and attributes that
 * Ant, Surefire and Jenkins' junit-10 agree on are written.
 */
export const junitGrades: GradeFormat = {
  description: 'JUnit XML, for Jenkins and others',
  file: 'junit.xml',
  render: (grades, { target }) => [{ ...(target !== undefined && { file: target }), text: junitXml(grades) }],
}

interface TestCase {
  classname: string
  name: string
  ms: number
  outcome: 'passed' | 'skipped' | 'failure' | 'error'
  /** A word of ours, never of the solution: Rails, which reads it for GitLab, takes some types for orders. */
  type?: string
  message?: string
  evidence?: Evidence
}

export function junitXml(received: Grades): string {
  const grades = plainGrades(received)
  const suites = grades.submissions.map((submission, index) => ({ submission, index, cases: casesOf(submission) }))
  const all = suites.flatMap(({ cases }) => cases)
  const { tests, failures, errors } = countsOf(all)
  const head = { name: filled(grades.course.title), tests, failures, errors, time: seconds(grades.ms, 3) }
  return withoutCommands(
    `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', head, suites.map(suiteXml).join(''))}\n`,
  )
}

interface Suite {
  submission: Submission
  index: number
  cases: TestCase[]
}

function suiteXml({ submission, index, cases }: Suite): string {
  const { report } = submission
  const started = new Date(report.startedAt)
  const attributes = {
    name: filled(nameOf(submission)),
    id: index,
    ...countsOf(cases),
    time: seconds(report.ms, 3),
    // Without a time zone, as Ant writes it.
    ...(!Number.isNaN(started.getTime()) && { timestamp: started.toISOString().slice(0, 19) }),
  }
  const properties = Object.entries({
    folder: submission.folder,
    points: report.points.earned,
    possible: report.points.possible,
    seed: report.seed,
    toolchain: `${report.toolchain.name} ${report.toolchain.version}`,
    isolation: report.isolation.mechanism,
  }).map(([name, value]) => element('property', { name, value }))
  return `\n${element('testsuite', attributes, `\n${element('properties', {}, properties.join(''))}${cases.map(caseXml).join('')}\n`)}\n`
}

function casesOf(submission: Submission): TestCase[] {
  const { learner, exercise, report } = submission
  const classname = [learner, exercise].filter((part) => part !== undefined).join('.')
  const ofSteps = report.steps.flatMap((step) => stepCases(step, `${classname}.${step.id}`))
  const whole = failuresOf(report).find(({ test }) => test === undefined)
  if (!whole) return ofSteps
  const outcome = report.status === 'errored' ? 'error' : 'failure'
  const { message, evidence } = whole
  return [
    { classname, name: 'the whole solution', ms: 0, outcome, type: report.cause ?? report.status, message, evidence },
    ...ofSteps,
  ]
}

function stepCases(step: ReportStep, classname: string): TestCase[] {
  if (step.tests.length > 0) return step.tests.map((test) => testCase(test, step, classname))
  // A step that never ran is still counted.
  return [{ classname, name: step.title, ms: step.ms, outcome: 'skipped', message: reasonToSkip(step) }]
}

function testCase(test: ReportTest, step: ReportStep, classname: string): TestCase {
  const { title: name, ms, message, evidence } = test
  if (test.status === 'passed') return { classname, name, ms, outcome: 'passed' }
  if (test.status === 'skipped')
    return { classname, name, ms, outcome: 'skipped', message: message ?? reasonToSkip(step) }
  const ours = ['environment', 'exercise', 'internal'].includes(test.cause ?? '') || step.status === 'errored'
  return {
    classname,
    name,
    ms,
    outcome: ours ? 'error' : 'failure',
    type: test.cause ?? 'assertion',
    message: message ?? name,
    ...(evidence && { evidence }),
  }
}

function reasonToSkip({ needs }: ReportStep): string {
  return needs === undefined ? 'not run' : `needs ${needs}`
}

/** All that was seen stands with the failure, because GitLab shows nothing else; what was printed is output as well. */
function caseXml({ classname, name, ms, outcome, type, message = '', evidence = {} }: TestCase): string {
  const attributes = { classname: filled(classname), name: filled(name), time: seconds(ms, 3) }
  if (outcome === 'passed') return `\n${element('testcase', attributes)}`
  if (outcome === 'skipped') return `\n${element('testcase', attributes, element('skipped', { message }))}`
  const { log = [], conversation = [] } = evidence
  const body = [message, evidenceText(evidenceRows(evidence))].filter(Boolean).join('\n')
  const output = evidenceText(evidenceRows({ log, conversation }))
  const content = [
    element(outcome, { message, type: type ?? outcome }, escapeXml(body)),
    ...(output ? [element('system-out', {}, escapeXml(output))] : []),
  ]
  return `\n${element('testcase', attributes, content.join(''))}`
}

function countsOf(cases: TestCase[]): Record<'tests' | 'failures' | 'errors' | 'skipped', number> {
  const count = (outcome: TestCase['outcome']) => cases.filter((one) => one.outcome === outcome).length
  return { tests: cases.length, failures: count('failure'), errors: count('error'), skipped: count('skipped') }
}

/** Readers take a test without a name for none. */
function filled(name: string): string {
  return plainLine(name) || '–'
}

/** @param content XML already */
function element(name: string, attributes: Record<string, string | number>, content = ''): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escapeXml(plainLine(String(value), 1000))}"`,
  )
  return content === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content}</${name}>`
}

function escapeXml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '')
}
