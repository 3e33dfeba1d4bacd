import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Grades, Submission } from '../../../grader/index.ts'
import type { GradeFormat } from './format.ts'
import { junitXml } from './junit.ts'
import { type Failure, failuresOf, nameOf, verdictOf } from './outcome.ts'
import { pathInRepository, placeOf } from './place.ts'
import { plainGrades, plainJson, plainLine } from './plain-text.ts'

/**
 * For a job of GitLab: files to name under `artifacts:reports`, `junit` and `codequality`.
 * See https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
 */
export const gitlabGrades: GradeFormat = {
  description: 'two files for GitLab: junit.xml and gl-code-quality-report.json',
  file: '.',
  render: (grades, { target = '.', env, root }) => [
    { file: join(target, 'junit.xml'), text: junitXml(grades) },
    {
      file: join(target, 'gl-code-quality-report.json'),
      text: plainJson(issuesOf(grades, pathInRepository(root, env['CI_PROJECT_DIR']))),
    },
  ],
}

/** The part of Code Climate's format that GitLab reads. */
interface Issue {
  description: string
  check_name: string
  fingerprint: string
  severity: 'major' | 'blocker'
  location: { path: string; lines: { begin: number } }
}

function issuesOf(received: Grades, repository: string): Issue[] {
  const seen = new Map<string, number>()
  return plainGrades(received).submissions.flatMap((submission) =>
    failuresOf(submission.report).map((failure) => issueOf(submission, failure, repository, seen)),
  )
}

function issueOf(submission: Submission, failure: Failure, repository: string, seen: Map<string, number>): Issue {
  const { learner = '', exercise, folder, report } = submission
  const { step, test, message } = failure
  const { path, line = 1 } = placeOf(submission, failure, repository)
  // Without the message and the line, which differ from run to run: GitLab tells old issues from new ones by it.
  const identity = JSON.stringify([learner, exercise, folder, step?.id, test?.title])
  const earlier = seen.get(identity) ?? 0
  seen.set(identity, earlier + 1)
  const what = test ? `${test.title}: ${message}` : `${verdictOf(report)}: ${message}`
  return {
    description: plainLine(`${nameOf(submission)}: ${what}`, 500),
    check_name: plainLine([exercise, step?.id].filter(Boolean).join('/')),
    fingerprint: createHash('sha256').update(`${identity}${earlier}`).digest('hex'),
    severity: test ? 'major' : 'blocker',
    location: { path, lines: { begin: line } },
  }
}
