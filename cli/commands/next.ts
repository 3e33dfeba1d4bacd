import { resolve } from 'node:path'
import {
  beginExercise,
  chooseLanguage,
  type Course,
  type CreatedWorkspace,
  createWorkspace,
  currentExercise,
  describeProblems,
  type Exercise,
  exerciseState,
  findWorkspace,
  folderInWorkspace,
  hasRoomForWorkspace,
  knownLanguage,
  languagesHere,
  needLanguage,
  nextExercise,
  openCourse,
  readProgress,
  rememberLanguage,
  UserError,
} from '../../grader/index.ts'
import { ask, canAsk } from '../ask.ts'
import { type Learner, namedExercise, openLessons } from '../open-learner.ts'
import { allPassedText, nextText, type NextResult } from '../reporters/next.ts'
import type { Session } from '../session.ts'
import { whatToType } from '../what-to-type.ts'

export async function run(
  [name]: (string | undefined)[],
  options: Record<string, unknown>,
  session: Session,
): Promise<number> {
  const { cwd, env, cache, now, stdout, terminal } = session
  const asked = typeof options['lang'] === 'string' ? knownLanguage(options['lang']) : undefined
  const machine = { hostEnvironment: env, cache: cache.folder }
  const found = await findWorkspace(cwd)
  const usual = asked ?? found?.lang
  // What can't be run here is said before anything is written.
  if (usual !== undefined) await needLanguage(usual, machine)
  const made = found ? undefined : await makeWorkspace(name, asked, options, session)
  const workspace = found ?? (made as CreatedWorkspace).workspace
  const learner = { workspace, ...(await openLessons(workspace, options, session)) }
  const { course, progress } = learner
  const write = (result: object, text: string) =>
    void stdout.write(options['json'] ? `${JSON.stringify(result, null, 2)}\n` : text)

  if (course.exercises.length === 0) throw unusable(course)
  const exercise = name === undefined ? upNext(learner) : namedExercise(learner, name, cwd)
  if (!exercise) {
    const result = { workspace: workspace.root, exercise: null, next: whatToType('status') }
    write(result, allPassedText(course, terminal))
    return 0
  }
  const begun = beginExercise({
    workspace,
    exercise,
    progress: progress.of(exercise.id),
    asked,
    current: currentExercise(course, progress)?.id === exercise.id,
    now: now(),
  })
  if (asked) rememberLanguage(workspace, asked)
  const after = await readProgress(course, workspace.root, now())
  const { lastAttempt } = after.of(exercise.id)
  const here = folderInWorkspace(workspace, cwd) ?? currentExercise(course, after)?.id
  const result: NextResult = {
    workspace: workspace.root,
    ...(made ? { made: { created: made.created, kept: made.kept } } : {}),
    exercise: exerciseState(exercise, after.of(exercise.id)),
    topic: course.topics.find(({ id }) => id === exercise.topic)?.title ?? exercise.topic,
    ...begun,
    languages: (await languagesHere(machine)).filter(({ id }) => exercise.languages.includes(id)),
    ...(lastAttempt ? { lastAttempt } : {}),
    next: whatToType(here === exercise.id ? 'verify' : `verify ${exercise.id}`),
  }
  write(result, options['json'] ? '' : await nextText(result, terminal, cwd))
  return 0
}

function unusable({ title, problems }: Course): UserError {
  return new UserError('invalid_course', describeProblems(`"${title}" has no exercise that can be used.`, problems))
}

/** The exercise that was begun and not passed, else the next one; undefined when all have passed. */
function upNext({ course, progress }: Pick<Learner, 'course' | 'progress'>): Exercise | undefined {
  const current = currentExercise(course, progress)
  return current && progress.of(current.id).status !== 'passed' ? current : nextExercise(course, progress)
}

async function makeWorkspace(
  name: string | undefined,
  asked: ReturnType<typeof knownLanguage> | undefined,
  options: Record<string, unknown>,
  session: Session,
): Promise<CreatedWorkspace> {
  const { cwd, cache } = session
  const folder = typeof options['course'] === 'string' ? resolve(cwd, options['course']) : undefined
  // What can't be used is said before anything is written.
  const course = await openCourse(folder, cache)
  const first = name === undefined ? course.exercises[0] : namedExercise({ workspace: undefined, course }, name, cwd)
  if (!first) throw unusable(course)
  chooseLanguage(first, asked, 'ts')
  if (!options['yes'] && !hasRoomForWorkspace(cwd)) await needConsent(options, session)
  return createWorkspace({ root: cwd, lang: asked ?? 'ts', ...(folder === undefined ? {} : { course: folder }) })
}

/** @throws UserError when there are files here and nobody says that this is the right place */
async function needConsent(options: Record<string, unknown>, session: Session): Promise<void> {
  const { cwd } = session
  const question = `${cwd} is not empty. Make it a workspace? Files are added, none is changed.`
  if (!options['json'] && canAsk(session) && (await ask(question, session))) return
  throw new UserError('usage', `${cwd} is not empty, and it is no workspace yet.`, {
    remedy: `Take a new folder (mkdir backend && cd backend), or add it to this one: ${whatToType('next --yes')}`,
  })
}
