import { currentExercise, exerciseState, nextExercise } from '../../grader/index.ts'
import { needWorkspace, openLearner } from '../open-learner.ts'
import { type CourseStatus, statusText } from '../reporters/status.ts'
import type { Session } from '../session.ts'
import { whatToType } from '../what-to-type.ts'

export async function run(_: unknown, options: Record<string, unknown>, session: Session): Promise<number> {
  const { cwd, stdout, terminal } = session
  const learner = await openLearner(options, session)
  const { course, progress } = learner
  const { root } = needWorkspace(learner, cwd)
  const states = course.exercises.map((exercise) => exerciseState(exercise, progress.of(exercise.id)))
  const current = currentExercise(course, progress)
  const open = current && progress.of(current.id).status !== 'passed'
  const status: CourseStatus = {
    workspace: root,
    course: { id: course.id, title: course.title },
    ...total(states),
    topics: course.topics
      .map(({ id, title }) => ({ id, title, ...total(states.filter(({ topic }) => topic === id)) }))
      .filter(({ exercises }) => exercises.all > 0),
    current: states.find(({ id }) => id === current?.id) ?? null,
    next: whatToType(open ? 'verify' : nextExercise(course, progress) ? 'next' : 'list'),
  }
  stdout.write(options['json'] ? `${JSON.stringify(status, null, 2)}\n` : await statusText(status, terminal))
  return 0
}

function total(states: ReturnType<typeof exerciseState>[]): Pick<CourseStatus, 'exercises' | 'points'> {
  const sum = (key: 'earned' | 'possible') => states.reduce((points, state) => points + state.points[key], 0)
  return {
    exercises: {
      passed: states.filter(({ status }) => status === 'passed').length,
      started: states.filter(({ status }) => status === 'started').length,
      all: states.length,
    },
    points: { earned: sum('earned'), possible: sum('possible') },
  }
}
