import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import type { ReportTest } from '../../../grader/index.ts'
import { classOfThree, gradesFor, reportFor, stepFor } from './class-of-three.ts'
import { gitlabGrades } from './gitlab.ts'
import { dangersIn, hostileGrades, hugeGrades } from './hostile-grades.ts'
import { plainTerminal } from './open-formats.ts'

// Written from the table of fields in GitLab's documentation of the report.
const schema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['description', 'check_name', 'fingerprint', 'severity', 'location'],
    additionalProperties: false,
    properties: {
      description: { type: 'string', minLength: 1, maxLength: 600 },
      check_name: { type: 'string', minLength: 1 },
      fingerprint: { type: 'string', pattern: '^[0-9a-f]{64}$' },
      severity: { enum: ['info', 'minor', 'major', 'critical', 'blocker'] },
      location: {
        type: 'object',
        required: ['path', 'lines'],
        additionalProperties: false,
        properties: {
          path: { type: 'string', minLength: 1, not: { pattern: '^(\\./|/|\\.\\./)|/\\.\\./' } },
          lines: {
            type: 'object',
            required: ['begin'],
            additionalProperties: false,
            properties: { begin: { type: 'integer', minimum: 1 } },
          },
        },
      },
    },
  },
}
const validate = new Ajv({ allErrors: true }).compile(schema)

async function render(grades: typeof classOfThree, target?: string) {
  const around = { env: {}, terminal: plainTerminal(), root: '/nowhere/class', ...(target !== undefined && { target }) }
  const [junit, quality] = await gitlabGrades.render(grades, around)
  return { junit, quality, issues: JSON.parse(quality?.text ?? '') as { fingerprint: string }[] }
}

test.each([
  ['a class', classOfThree],
  ['nothing', gradesFor([])],
  ['hostile grades', hostileGrades],
  ['texts of a megabyte', hugeGrades],
])('%s: the report has the fields that GitLab documents', async (_, grades) => {
  const { issues, quality, junit } = await render(grades)
  validate(issues)
  expect(validate.errors ?? []).toEqual([])
  expect(dangersIn(quality?.text ?? '')).toEqual([])
  expect(dangersIn(junit?.text ?? '')).toEqual([])
  expect(new Set(issues.map(({ fingerprint }) => fingerprint)).size).toBe(issues.length)
})

test('each failed test is an issue at its place', async () => {
  const { issues } = await render(classOfThree)
  expect(issues).toHaveLength(4)
  expect(issues[1]).toMatchObject({
    description: 'grace · hello-http: greets in every script: the path carries percent-encoded UTF-8',
    check_name: 'hello-http/greet',
    severity: 'major',
    location: { path: 'grace/01-languages/hello-http/src/main.ts', lines: { begin: 12 } },
  })
  expect(issues[3]).toMatchObject({
    severity: 'blocker',
    location: { path: 'linus/01-languages/hello-http/main.ts', lines: { begin: 3 } },
  })
})

test('an issue keeps its fingerprint when only the words of the failure change', async () => {
  const one = (message: string) => gradesFor([{ exercise: 'x', folder: 'x', report: reportFor({ message }) }])
  const before = await render(one('port 4123 was not opened'))
  const after = await render(one('port 5234 was not opened'))
  expect(after.issues[0]?.fingerprint).toBe(before.issues[0]?.fingerprint)
})

test('tests of the same name are issues of their own', async () => {
  const same: ReportTest = { title: 'answers', status: 'failed', ms: 1 }
  const report = reportFor({ steps: [stepFor('health', 5, [same, same])] })
  const { issues } = await render(gradesFor([{ exercise: 'x', folder: 'x', report }]))
  expect(new Set(issues.map(({ fingerprint }) => fingerprint)).size).toBe(2)
})

test('both files lie in the folder that was asked for', async () => {
  const { junit, quality } = await render(classOfThree, 'results')
  expect([junit?.file, quality?.file]).toEqual(['results/junit.xml', 'results/gl-code-quality-report.json'])
})
