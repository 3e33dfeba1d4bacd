import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import {
  changedSubmissions,
  findSubmissions,
  type Grades,
  gradeSubmissions,
  type IsolationChoice,
  openCourse,
  reportSigning,
  UserError,
} from '../../grader/index.ts'
import { parseFormats, type WantedFormat, writeFormats } from '../reporters/grades/write-formats.ts'
import { serviceSettings } from '../service-settings.ts'
import type { Session } from '../session.ts'
import { readSigningKey } from '../signing-key.ts'
import { startSpinner } from '../spinner.ts'

export async function run(
  [place = '.', ...names]: (string | string[] | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, env, cache, stdout, stderr, terminal, signal } = session
  const wanted = parseFormats([options['format'] ?? []].flat().map(String))
  const needed = percent(options['failUnder'])
  const signWith = await signer(wanted, options, session)
  const folder = resolve(cwd, String(place))
  const course = await openCourse(
    textOf(options['course'], (text) => resolve(cwd, text)),
    cache,
  )
  const exercises = names.flat().filter((name) => name !== undefined)
  const all = await findSubmissions({ folder, exercises, as: textOf(options['as']), course })
  const revision = textOf(options['changedSince'])
  const submissions =
    revision === undefined ? all : await changedSubmissions(all, { folder, revision, hostEnvironment: env, signal })
  if (submissions.length === 0) stderr.write(`Nothing that was handed in has changed since ${revision}.\n`)

  const spinner = await startSpinner(session, `grading ${submissions.length}`)
  const grades = await gradeSubmissions({
    course,
    submissions,
    isolation: (options['isolation'] ?? 'auto') as IsolationChoice,
    image: textOf(options['isolationImage']),
    services: { ...serviceSettings(options, session), keepWarm: 0 },
    jobs: count(options['jobs'], '--jobs') ?? availableParallelism(),
    seed: textOf(options['seed']),
    hostEnvironment: env,
    cache,
    signal,
    onProgress: (text) => spinner.say(text),
  }).finally(() => spinner.stop())
  stdout.write(
    await writeFormats(grades, wanted, { cwd, env, stdout, terminal, root: folder, ...(signWith ? { signWith } : {}) }),
  )
  return exitCodeOf(grades, needed)
}

/** 0 enough points, 1 not, 3 when nothing could be graded for want of something here, 70 for a bug of ours. */
function exitCodeOf({ points, submissions }: Grades, needed: number): number {
  const causes = submissions.map(({ report }) => (report.status === 'errored' ? report.cause : undefined))
  if (causes.length > 0 && causes.every((cause) => cause === 'environment')) return 3
  // One that breaks the grader has no points; it does not decide for all others.
  if (causes.length > 0 && causes.every((cause) => cause === 'internal')) return 70
  return points.earned * 100 >= needed * points.possible ? 0 : 1
}

async function signer(
  wanted: WantedFormat[],
  options: Record<string, unknown>,
  { env, cwd }: Session,
): Promise<((grades: Grades) => string) | undefined> {
  const key = await readSigningKey({ env, cwd, options })
  if (key === undefined) return undefined
  if (!wanted.some(({ name }) => name === 'json')) {
    throw new UserError('usage', 'It is the JSON that is signed, and none is written.', {
      remedy: 'Add --format json=grades.json',
    })
  }
  const { signGrades } = await reportSigning()
  return (grades) => `${JSON.stringify(signGrades(grades, key))}\n`
}

function textOf(value: unknown, change = (text: string) => text): string | undefined {
  return typeof value === 'string' ? change(value) : undefined
}

function count(value: unknown, option: string): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (Number.isInteger(number) && number >= 1 && number <= 256) return number
  throw new UserError('usage', `${option} takes a whole number from 1 to 256, not "${String(value)}".`)
}

/** Of the points; all of them when it is not given. */
function percent(value: unknown): number {
  if (value === undefined) return 100
  const number = Number(String(value).replace(/%$/, ''))
  if (String(value).trim() !== '' && number >= 0 && number <= 100) return number
  throw new UserError('usage', `--fail-under takes a percentage from 0 to 100, not "${String(value)}".`)
}
