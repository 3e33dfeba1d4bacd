import { existsSync } from 'node:fs'
import { chooseLanguage, knownLanguage, resetExercise, solutionFolder, UserError } from '../../grader/index.ts'
import { ask, canAsk } from '../ask.ts'
import { chooseExercise, needWorkspace, openLearner } from '../open-learner.ts'
import type { Session } from '../session.ts'
import { whatToType } from '../what-to-type.ts'

export async function run(
  [name]: (string | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, now, stdout } = session
  const learner = await openLearner(options, session)
  const workspace = needWorkspace(learner, cwd)
  const exercise = chooseExercise(learner, name, cwd)
  const { id } = exercise
  const asked = typeof options['lang'] === 'string' ? knownLanguage(options['lang']) : undefined
  const lang = chooseLanguage(exercise, asked, learner.progress.of(id).lang ?? workspace.lang)
  if (!options['yes'] && existsSync(solutionFolder(workspace, id))) await needConsent(id, options, session)
  const backup = resetExercise({ workspace, exercise, lang, now: now() })
  const result = {
    exercise: id,
    lang,
    folder: solutionFolder(workspace, id),
    backup: backup ?? null,
    next: whatToType('verify'),
  }
  stdout.write(
    options['json']
      ? `${JSON.stringify(result, null, 2)}\n`
      : `${id} starts again from the starter.
${backup ? `Your work is in ${backup}` : 'There was no work to keep.'}
Next, read ${id}/README.md and type: ${result.next}
`,
  )
  return 0
}

/** @throws UserError when nobody says yes */
async function needConsent(id: string, options: Record<string, unknown>, session: Session): Promise<void> {
  const question = `Move your work on ${id} to a backup and start it again?`
  if (!options['json'] && canAsk(session)) {
    if (await ask(question, session)) return
    throw new UserError('usage', `${id} was left as it is.`)
  }
  throw new UserError('usage', `${id} was left as it is: a reset moves your work to a backup, so it asks first.`, {
    remedy: `To do it without being asked, type: ${whatToType(`reset ${id} --yes`)}`,
  })
}
