import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chooseExercise, openLearner } from '../open-learner.ts'
import { renderMarkdown } from '../reporters/markdown.ts'
import type { Session } from '../session.ts'

export async function run(
  [name]: (string | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, stdout, terminal } = session
  const learner = await openLearner(options, session)
  const { folder } = chooseExercise(learner, name, cwd)
  stdout.write(await renderMarkdown(readFileSync(join(folder, 'README.md'), 'utf8'), terminal))
  return 0
}
