import { addEvent, referenceFiles, UserError } from '../../grader/index.ts'
import { chooseExercise, openLearner } from '../open-learner.ts'
import { solutionText } from '../reporters/solution.ts'
import type { Session } from '../session.ts'
import { warnUnsaved } from '../warn-unsaved.ts'
import { whatToType } from '../what-to-type.ts'

export async function run(
  [name]: (string | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, now, stdout, terminal } = session
  const learner = await openLearner(options, session)
  const exercise = chooseExercise(learner, name, cwd)
  const { id } = exercise
  const { lang, passedAt, solutionSeen } = learner.progress.of(id)
  if (passedAt === undefined && options['spoil'] !== true) {
    throw new UserError('usage', `The solution of ${id} is shown once you have passed it.`, {
      remedy: `For a nudge, type: ${whatToType('hint')}. To see it all the same: ${whatToType(`solution ${id} --spoil`)}`,
    })
  }
  const solution = referenceFiles(exercise, lang ?? learner.workspace?.lang)
  stdout.write(
    options['json']
      ? `${JSON.stringify({ exercise: id, ...solution }, null, 2)}\n`
      : solutionText(id, solution, terminal),
  )
  const root = learner.workspace?.root
  if (root !== undefined && !solutionSeen) {
    warnUnsaved(session, () => addEvent(root, id, { v: 1, at: now().toISOString(), type: 'solution' }))
  }
  return 0
}
