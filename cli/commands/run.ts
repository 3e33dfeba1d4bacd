import { join } from 'node:path'
import { BuildFailure, runSolution, UserError } from '../../grader/index.ts'
import { chooseExercise, needSolution, needWorkspace, openLearner } from '../open-learner.ts'
import { serviceSettings } from '../service-settings.ts'
import type { Session } from '../session.ts'
import { whatToType } from '../what-to-type.ts'

export async function run(
  [name]: (string | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, env, cache, stderr, terminal, signal, passedOn } = session
  const learner = await openLearner(options, session)
  const workspace = needWorkspace(learner, cwd)
  const exercise = chooseExercise(learner, name, cwd)
  const server = exercise.interface === 'http' || exercise.interface === 'tcp'
  if (server && passedOn.length > 0) {
    throw new UserError('usage', `${exercise.id} is a server: it takes no words after "--".`, {
      remedy: `To start it, type: ${whatToType(`run ${exercise.id}`)}`,
    })
  }
  const port = portNumber(options['port'])
  try {
    const { code, signal: endedBy } = await runSolution({
      exercise,
      folder: needSolution(workspace, exercise),
      cwd,
      args: passedOn,
      port,
      dataDir: join(workspace.root, '.learn-backend', 'data', exercise.id),
      hostEnvironment: env,
      cache,
      services: serviceSettings(options, session, workspace),
      onProgress: (text) => void stderr.write(`${terminal.dim(text)}\n`),
      onListening: () => void stderr.write(`${exercise.id} listens on http://127.0.0.1:${port}; Ctrl-C ends it\n`),
      signal,
    })
    if (server && !signal.aborted)
      stderr.write(`${exercise.id} has ended by itself: ${endedBy ?? `exit code ${code}`}\n`)
    return code ?? 1
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error
    const lines = error.problems.map(({ file, line, column, message }) =>
      file ? `${file}:${line}:${column} ${message}` : message,
    )
    stderr.write(`${exercise.id} does not build:\n${lines.join('\n')}\nPut it right, then type: ${whatToType('run')}\n`)
    return 1
  }
}

function portNumber(value: unknown): number {
  const port = Number(value ?? 4000)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new UserError('usage', `--port takes a number from 1 to 65535, not "${String(value)}".`)
}
