import type { Grades } from '../../grader/index.ts'

const isolation = { id: 'bubblewrap', mechanism: 'bubblewrap 0.8.0, without a network', limits: ['memory: 512 MiB'] }
const startedAt = '2026-11-22T20:00:00.000Z'

/** Grades of one learner. @param learner may be anything that a folder can be named */
export function smallGrades(learner = 'ana', message = 'The answer was wrong.'): Grades {
  const points = { earned: 7, possible: 10 }
  return {
    version: 1,
    course: { id: 'backend', title: 'Backend' },
    isolation,
    points,
    submissions: [
      {
        learner,
        exercise: 'hello-http',
        folder: `${learner}/hello-http`,
        report: {
          version: 1,
          exercise: { id: 'hello-http', title: 'Hello', topic: '01-languages' },
          status: 'failed',
          points,
          steps: [
            {
              id: 'greets',
              title: 'Greets',
              section: 'Greets',
              status: 'failed',
              points,
              ms: 3,
              tests: [{ title: 'says hello', status: 'failed', ms: 3, message, evidence: { got: message } }],
            },
          ],
          seed: 'abc',
          toolchain: { id: 'js', name: 'JavaScript', version: '20.19.0' },
          services: [],
          isolation,
          startedAt,
          ms: 1,
          grader: '0.1.0',
        },
      },
    ],
    startedAt,
    ms: 2,
    grader: '0.1.0',
  }
}
