import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { findExercise, gradeSolution, openCourse, UserError, type Exercise } from '../../grader/index.ts'
import { terminalReport } from '../reporters/terminal.ts'
import type { Session } from '../session.ts'
import { startSpinner } from '../spinner.ts'

export async function run([name]: (string | undefined)[], options: Record<string, unknown>, session: Session): Promise<number> {
  const { terminal, stdout, env, cwd, signal } = session
  const course = await openCourse(typeof options['course'] === 'string' ? resolve(cwd, options['course']) : undefined)
  const exercise = await findExercise(course, name ?? '')
  const solution = resolve(cwd, String(options['solution'] ?? '.'))
  const only = typeof options['step'] === 'string' ? [knownStep(exercise, options['step'])] : undefined
  const spinner = await startSpinner(session, `verifying ${exercise.id}`)
  const report = await gradeSolution({
    exercise,
    solution,
    seed: typeof options['seed'] === 'string' ? options['seed'] : randomBytes(2).toString('hex'),
    keepGoing: options['keepGoing'] === true,
    ...(only ? { only } : {}),
    hostEnvironment: env,
    onTest: (test) => spinner.say(`${test.step}: ${test.title}`),
    signal,
  }).finally(() => spinner.stop())
  stdout.write(options['json'] ? `${JSON.stringify(report, null, 2)}\n` : terminalReport(report, terminal, { all: options['keepGoing'] === true }))
  if (report.status === 'errored') return report.cause === 'environment' ? 3 : report.cause === 'exercise' ? 2 : 70
  return report.status === 'passed' ? 0 : 1
}

function knownStep(exercise: Exercise, id: string): string {
  if (exercise.steps.some((step) => step.id === id)) return id
  throw new UserError('usage', `${exercise.id} has no step "${id}".`, { remedy: `Its steps: ${exercise.steps.map((step) => step.id).join(', ')}` })
}
