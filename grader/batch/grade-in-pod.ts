import { dirname, join } from 'node:path'
import type { PodMaker } from '../isolation/pod.ts'
import { causeOf, makeEarlyReport } from '../report/make-report.ts'
import { reportSchema } from '../report/schema.ts'
import { openRunScope } from '../solution/run-scope.ts'
import { askInPod } from './ask-in-pod.ts'
import type { HeadMaker } from './grade-submissions.ts'
import type { JobResult } from './worker-pool.ts'
import type { Job } from './worker.ts'

interface PodJob {
  maker: PodMaker
  /** Without its pod, which is opened for it. The solution is a copy that nobody else writes. */
  job: Omit<Job, 'pod' | 'hostEnvironment' | 'services' | 'tests' | 'cache'>
  /** The course's folder. */
  course: string
  /** The compiled hidden tests. */
  tests: string[]
  hostEnvironment: Record<string, string | undefined>
  packages?: string | undefined
  /** Folders of languages that are installed apart from the system. */
  languages: string[]
  signal: AbortSignal
  /** What a report says that could not be made inside. */
  head: HeadMaker
}

/**
 * Grades one solution in a pod of its own. The answer comes from a process that talks to hostile code: it is read as data.
 * @throws UserError when the pod can't be opened, or the signal's reason
 */
export async function gradeInPod(request: PodJob): Promise<JobResult> {
  const { maker, job, course, tests, hostEnvironment, packages, languages, signal, head } = request
  const { exercise } = job
  const { limits } = exercise
  const start = performance.now()
  const readable = [...new Set([course, ...tests.map((file) => dirname(file))])]
  await using scope = openRunScope()
  await using pod = await maker.open({ scope, limits, solution: job.solution, readable, packages, languages })
  const path = [...languages.map((root) => join(root, 'bin')), hostEnvironment['PATH'] ?? '/usr/bin:/bin'].join(':')
  const env = { PATH: path, HOME: '/tmp', LANG: 'C.UTF-8', TMPDIR: pod.folder }
  const cache = join(pod.folder, 'cache')
  const how = pod.servers ? { driver: 'docker', outside: true } : { driver: 'native' }
  const services = { ...how, images: {}, cache, keepWarm: 0, hostEnvironment: env }
  const answer = await askInPod({
    pod,
    env,
    request: {
      ...job,
      exercise: { ...exercise, folder: pod.inside(exercise.folder) },
      solution: pod.solution,
      tests: tests.map((file) => pod.inside(file)),
      services,
      pod: pod.settings,
      hostEnvironment: env,
    },
    patience: limits.wall_s * 1000,
    signal,
    ...(pod.servers ? { servers: () => pod.servers?.(exercise.services, signal) } : {}),
  })
  if ('line' in answer) return readAnswer(answer.line)
  if ('ended' in answer) return { error: `the grading process ended: ${answer.ended}` }
  const hit = causeOf({ limit: 'time', message: `its grading took more than ${limits.wall_s} s` })
  const ms = Math.round(performance.now() - start)
  return { report: makeEarlyReport(head(pod.settings.description, ms), hit) }
}

function readAnswer(line: string): JobResult {
  try {
    const answer = JSON.parse(line) as JobResult
    return answer.report ? { report: reportSchema.parse(answer.report) } : answer
  } catch (error) {
    return { error: `the grading process gave an answer that is no report: ${(error as Error).message}` }
  }
}
