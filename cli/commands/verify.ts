import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import {
  type Exercise,
  findExercise,
  gradeSolution,
  openCourse,
  recordAttempt,
  UserError,
  type Workspace,
} from '../../grader/index.ts'
import { exitCodeOf } from '../exit-code.ts'
import { knownStep } from '../known-step.ts'
import { chooseExercise, needSolution, needWorkspace, openLearner } from '../open-learner.ts'
import { afterVerify } from '../reporters/after-verify.ts'
import { reporters } from '../reporters/index.ts'
import { serviceSettings } from '../service-settings.ts'
import type { Session } from '../session.ts'
import { startSpinner } from '../spinner.ts'
import { warnUnsaved } from '../warn-unsaved.ts'
import { whatToType } from '../what-to-type.ts'

/** What is to be graded. */
interface Job {
  exercise: Exercise
  /** The solution's folder, absolute. */
  solution: string
  /** The workspace's folder; absent for a solution that does not belong to one. */
  root?: string
  workspace?: Workspace
}

export async function run(
  [name]: (string | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { terminal, stdout, env, now, signal } = session
  const { exercise, solution, root, workspace } = await findJob(name, options, session)
  const only = typeof options['step'] === 'string' ? [knownStep(exercise, options['step']).id] : undefined
  const spinner = await startSpinner(session, `verifying ${exercise.id}`)
  const report = await gradeSolution({
    exercise,
    solution,
    seed: typeof options['seed'] === 'string' ? options['seed'] : randomSeed(),
    keepGoing: options['keepGoing'] === true,
    ...(only ? { only } : {}),
    hostEnvironment: env,
    services: serviceSettings(options, session, workspace),
    onProgress: (text) => spinner.say(text),
    cache: session.cache,
    onTest: (test) => spinner.say(`${test.step}: ${test.title}`),
    signal,
  }).finally(() => spinner.stop())
  const format = options['json'] ? 'json' : 'terminal'
  stdout.write(await reporters[format](report, { terminal, all: options['keepGoing'] === true }))
  if (root !== undefined) {
    warnUnsaved(session, () => recordAttempt({ root, report, only, now: now() }))
    if (!options['json'])
      stdout.write(
        await afterVerify({ report, exercise, named: name !== undefined, partial: only !== undefined }, terminal),
      )
  }
  return exitCodeOf(report)
}

async function findJob(name: string | undefined, options: Record<string, unknown>, session: Session): Promise<Job> {
  const { cwd, cache } = session
  if (typeof options['solution'] !== 'string') {
    const learner = await openLearner(options, session)
    const exercise = chooseExercise(learner, name, cwd)
    const workspace = needWorkspace(learner, cwd)
    return { exercise, solution: needSolution(workspace, exercise), root: workspace.root, workspace }
  }
  if (name === undefined) {
    throw new UserError('usage', 'Which exercise does this folder solve?', {
      remedy: `Type: ${whatToType('verify <exercise> --solution <folder>')}`,
    })
  }
  const course = await openCourse(
    typeof options['course'] === 'string' ? resolve(cwd, options['course']) : undefined,
    cache,
  )
  const solution = resolve(cwd, options['solution'])
  if (!existsSync(solution)) throw new UserError('usage', `There is no folder ${solution}.`)
  return { exercise: findExercise(course, name), solution }
}

/** Four hexadecimal digits: short enough to be typed again. */
function randomSeed(): string {
  return Math.floor(Math.random() * 0x10000)
    .toString(16)
    .padStart(4, '0')
}
