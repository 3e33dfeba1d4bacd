import { addEvent, stepToWorkOn } from '../../grader/index.ts'
import { knownStep } from '../known-step.ts'
import { chooseExercise, needWorkspace, openLearner } from '../open-learner.ts'
import { hintText, type HintResult, nothingFailsText } from '../reporters/hint.ts'
import type { Session } from '../session.ts'
import { warnUnsaved } from '../warn-unsaved.ts'
import { whatToType } from '../what-to-type.ts'

export async function run(
  [name]: (string | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, stdout, terminal, now } = session
  const learner = await openLearner(options, session)
  const exercise = chooseExercise(learner, name, cwd)
  const { root } = needWorkspace(learner, cwd)
  const progress = learner.progress.of(exercise.id)
  const step =
    typeof options['step'] === 'string' ? knownStep(exercise, options['step']) : stepToWorkOn(exercise, progress)
  if (!step) {
    const nothing = { exercise: exercise.id, step: null, hint: null, next: whatToType('next') }
    stdout.write(options['json'] ? `${JSON.stringify(nothing, null, 2)}\n` : nothingFailsText(exercise))
    return 0
  }
  const level = Math.min((progress.hints[step.id] ?? 0) + 1, step.hints.length)
  const result: HintResult = {
    exercise: exercise.id,
    step: { id: step.id, title: step.title, section: step.section },
    hint: step.hints[level - 1] as string,
    level,
    of: step.hints.length,
    repeated: level === progress.hints[step.id],
    next: whatToType('verify'),
  }
  stdout.write(options['json'] ? `${JSON.stringify(result, null, 2)}\n` : await hintText(result, terminal))
  if (!result.repeated) {
    warnUnsaved(session, () =>
      addEvent(root, exercise.id, { v: 1, at: now().toISOString(), type: 'hint', step: step.id, level }),
    )
  }
  return 0
}
