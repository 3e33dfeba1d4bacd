import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { as, folderOf, type Grader, graders } from '../../fixtures/isolation/run-confined.ts'
import { ownPackage } from '../package-root.ts'
import { type Grades, gradesSchema } from '../report/grades.ts'
import type { Report } from '../report/schema.ts'

const { root } = ownPackage()
const fixtures = join(root, 'fixtures/isolation')

type Verdict = Pick<Report, 'status' | 'cause' | 'limit'> & { earned: number }
const stopped = (cause: Report['cause'], limit: Report['limit']): Verdict => ({
  status: 'failed',
  cause,
  limit,
  earned: 0,
})
const passed: Verdict = { status: 'passed', cause: undefined, limit: undefined, earned: 5 }

/** Solutions, and what must be said of them: `bounded` with small limits, `patient` with a short time. */
const verdicts: Record<string, Record<string, Verdict>> = {
  bounded: {
    honest: passed,
    'forks-nine': passed,
    'forks-a-thousand': stopped('resource_limit', 'processes'),
    'fills-arrays': stopped('out_of_memory', 'memory'),
    'fills-buffers': stopped('out_of_memory', 'memory'),
    'fills-memory-in-children': stopped('out_of_memory', 'memory'),
    'fills-its-data': stopped('resource_limit', 'disk'),
    'fills-its-data-quietly': stopped('resource_limit', 'disk'),
    'opens-files': stopped('resource_limit', 'files'),
    'burns-the-processor': stopped('resource_limit', 'cpu'),
    floods: stopped('resource_limit', 'output'),
    'answers-too-much': stopped('resource_limit', 'answer'),
  },
  patient: { hangs: stopped('timeout', 'time') },
}

async function grade(exercise: string, grader: Grader): Promise<Grades> {
  const home = folderOf(grader)
  const where = ['--course', join(fixtures, 'course'), '--isolation', 'bubblewrap', '--jobs', '2', '--format', 'json']
  const solutions = join(fixtures, 'solutions', exercise)
  const [file, ...words] = [...as(grader), process.execPath, join(root, 'dist/main.js')]
  const child = spawn(file, [...words, 'grade', solutions, '--as', exercise, ...where], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], HOME: home, TMPDIR: home, XDG_CACHE_HOME: join(home, 'cache') },
  })
  return gradesSchema.parse(JSON.parse(await text(child.stdout)))
}

test('every solution of the fixtures has a verdict', () => {
  for (const [exercise, expected] of Object.entries(verdicts))
    expect(readdirSync(join(fixtures, 'solutions', exercise)).toSorted()).toEqual(Object.keys(expected).toSorted())
})

for (const grader of graders) {
  for (const [exercise, expected] of Object.entries(verdicts)) {
    describe(
      `a limit of "${exercise}" that is hit is named when ${grader === 'root' ? 'root' : 'an ordinary user'} grades`,
      { timeout: 300_000 },
      () => {
        let grading: Promise<Grades> | undefined
        for (const [learner, verdict] of Object.entries(expected)) {
          test(learner, async () => {
            const { submissions } = await (grading ??= grade(exercise, grader))
            const report = submissions.find((submission) => submission.learner === learner)?.report
            const { status, cause, limit, points } = report ?? {}
            const said = JSON.stringify(report?.steps[0]?.tests)
            expect({ status, cause, limit, earned: points?.earned }, said).toEqual(verdict)
          })
        }

        test('and the isolation is told, with what holds each limit', async () => {
          const { isolation } = await (grading ??= grade(exercise, grader))
          expect(isolation.mechanism).toMatch(grader === 'root' ? /as an unused user/ : /as an ordinary user/)
          expect(isolation.limits.join('\n')).toMatch(
            grader === 'root' ? /memory \d+ MiB \(cgroup v[12]\)/ : /roughly: added up/,
          )
        })
      },
    )
  }
}
