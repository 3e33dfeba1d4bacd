import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { builtInCourse, checkCourse, knownLanguage, loadCourse, UserError } from '../../grader/index.ts'
import { checkSummary, exerciseLine } from '../reporters/check.ts'
import { serviceSettings } from '../service-settings.ts'
import type { Session } from '../session.ts'
import { startSpinner } from '../spinner.ts'

export async function run(
  [name]: (string | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, env, stdout, terminal, signal } = session
  const course = await loadCourse(
    typeof options['course'] === 'string' ? resolve(cwd, options['course']) : builtInCourse,
  )
  const spinner = await startSpinner(session, 'checking')
  try {
    const check = await checkCourse({
      course,
      ...(name === undefined ? {} : { only: name }),
      repeat: wholeNumber(options['repeat'], '--repeat', 1),
      ...(options['lang'] === undefined
        ? {}
        : { languages: [options['lang']].flat().map((word) => knownLanguage(String(word))) }),
      jobs: wholeNumber(options['jobs'], '--jobs', availableParallelism()),
      hostEnvironment: env,
      services: serviceSettings(options, session),
      cache: session.cache,
      onProgress: (text) => spinner.say(text),
      onExercise(done) {
        if (options['json']) return
        spinner.clear()
        stdout.write(exerciseLine(done, terminal))
      },
      signal,
    })
    spinner.stop()
    stdout.write(options['json'] ? `${JSON.stringify(check, null, 2)}\n` : checkSummary(check, terminal, cwd))
    return check.problems.length === 0 ? 0 : 2
  } finally {
    spinner.stop()
  }
}

function wholeNumber(value: unknown, flag: string, otherwise: number): number {
  if (value === undefined) return otherwise
  const number = Number(value)
  if (Number.isInteger(number) && number >= 1 && number <= 1000) return number
  throw new UserError('usage', `${flag} takes a whole number from 1 to 1000, not "${String(value)}".`)
}
