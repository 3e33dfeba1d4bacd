import type { Grades, Report, ReportStep, ReportTest, Submission } from '../../../grader/index.ts'

const isolation: Report['isolation'] = {
  id: 'bubblewrap',
  mechanism: 'bubblewrap 0.8.0, as an unused user, without a network',
  limits: ['memory: cgroup v2, 512 MiB', 'processes: cgroup v2, 64'],
}

/** A report for tests. */
export function reportFor(given: Partial<Report>): Report {
  return {
    version: 1,
    exercise: { id: 'hello-http', title: 'Hello, HTTP', topic: '01-languages' },
    status: 'failed',
    points: { earned: 0, possible: 5 },
    steps: [],
    seed: '81f3',
    toolchain: { id: 'ts', name: 'TypeScript', version: 'node 20.20' },
    services: [],
    isolation,
    startedAt: '2026-11-22T12:00:00.000Z',
    ms: 300,
    grader: '0.1.0',
    ...given,
  }
}

/** A step for tests, with the status that its tests give it. */
export function stepFor(
  id: string,
  possible: number,
  tests: ReportTest[],
  given: Partial<ReportStep> = {},
): ReportStep {
  const failed = tests.some((test) => test.status === 'failed')
  const passed = tests.length > 0 && tests.every((test) => test.status === 'passed')
  return {
    id,
    title: `The step ${id}`,
    section: id,
    status: passed ? 'passed' : failed ? 'failed' : 'skipped',
    points: { earned: passed ? possible : 0, possible },
    ms: 12,
    tests,
    ...given,
  }
}

/** Grades for tests, with their sum. */
export function gradesFor(submissions: Submission[]): Grades {
  const sum = (key: 'earned' | 'possible') => submissions.reduce((total, { report }) => total + report.points[key], 0)
  return {
    version: 1,
    course: { id: 'backend', title: 'Backend' },
    isolation,
    points: { earned: sum('earned'), possible: sum('possible') },
    submissions,
    startedAt: '2026-11-22T12:00:00.000Z',
    ms: 2100,
    grader: '0.1.0',
  }
}

const answers: ReportTest = { title: 'answers', status: 'passed', ms: 31.2 }
const greets: ReportTest = { title: 'greets in every script', status: 'passed', ms: 4 }
const all = { earned: 5, possible: 5 }

const wrongGreeting: ReportTest = {
  ...greets,
  status: 'failed',
  message: 'the path carries percent-encoded UTF-8',
  evidence: {
    asked: 'GET /hello/Zo%C3%AB',
    expected: '200 {"message":"Hello, Zoë"}',
    got: '200 {"message":"Hello, Zo%C3%AB"}',
    notes: ['decodeURIComponent decodes it'],
    conversation: ['redis> GET a → (nil)'],
    replay: 'curl -i http://127.0.0.1:4000/hello/Zo%C3%AB',
    log: ['listening'],
    stack: ['src/main.ts:12:3', 'src/main.ts:40:1'],
  },
}

/** A class of three with each way a grading can end. */
export const classOfThree: Grades = gradesFor([
  {
    learner: 'ada',
    exercise: 'hello-http',
    folder: 'ada/01-languages/hello-http',
    report: reportFor({
      status: 'passed',
      points: all,
      steps: [stepFor('health', 2, [answers]), stepFor('greet', 3, [greets])],
    }),
  },
  {
    learner: 'ada',
    exercise: 'cache-aside',
    folder: 'ada/06-caching/cache-aside',
    report: reportFor({
      status: 'errored',
      cause: 'environment',
      message: 'Redis did not start.',
      evidence: { log: ['bind: address already in use'] },
      steps: [stepFor('read', 5, [])],
      services: [{ id: 'redis', driver: 'native', version: '7.0.15' }],
    }),
  },
  {
    learner: 'grace',
    exercise: 'hello-http',
    folder: 'grace/01-languages/hello-http',
    report: reportFor({
      points: { earned: 2, possible: 5 },
      steps: [
        stepFor('health', 2, [answers]),
        stepFor('greet', 3, [wrongGreeting]),
        stepFor('shutdown', 0, [{ title: 'exits', status: 'skipped', ms: 0 }], { needs: 'greet' }),
      ],
    }),
  },
  {
    learner: 'grace',
    exercise: 'cache-aside',
    folder: 'grace/06-caching/cache-aside',
    report: reportFor({
      steps: [
        stepFor('read', 5, [
          {
            title: 'reads through the cache',
            status: 'failed',
            ms: 900,
            message: 'The program was killed: it took more than 512 MiB of memory.',
            cause: 'out_of_memory',
            limit: 'memory',
          },
        ]),
      ],
    }),
  },
  {
    learner: 'linus',
    exercise: 'hello-http',
    folder: 'linus/01-languages/hello-http',
    report: reportFor({
      cause: 'build_failed',
      message: 'The solution does not build.',
      evidence: { log: ['main.ts:3:1 Expected ")"', '    createServer('] },
      steps: [stepFor('health', 2, []), stepFor('greet', 3, [])],
    }),
  },
])
