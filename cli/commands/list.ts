import { type Course, exerciseState, nearest, UserError } from '../../grader/index.ts'
import { openLearner } from '../open-learner.ts'
import { type CourseList, listText } from '../reporters/list.ts'
import type { Session } from '../session.ts'

export async function run(_: unknown, options: Record<string, unknown>, session: Session): Promise<number> {
  const { stdout, terminal } = session
  const { course, progress } = await openLearner(options, session)
  const topics = typeof options['topic'] === 'string' ? [topicNamed(course, options['topic'])] : course.topics
  const list: CourseList = {
    course: { id: course.id, title: course.title },
    topics: topics.map(({ id, title }) => ({
      id,
      title,
      exercises: course.exercises
        .filter(({ topic }) => topic === id)
        .map((exercise) => exerciseState(exercise, progress.of(exercise.id))),
    })),
    invalid: course.topics
      .flatMap(({ exercises }) => exercises)
      .filter((id) => !course.exercises.some((exercise) => exercise.id === id)),
  }
  stdout.write(options['json'] ? `${JSON.stringify(list, null, 2)}\n` : await listText(list, terminal))
  return 0
}

/** A topic by its id, with or without its number, or by its title. */
function topicNamed({ topics }: Course, word: string): Course['topics'][number] {
  const lower = word.toLowerCase()
  const names = topics.map(({ id, title }) => [
    id,
    id.replace(/^\d+-/, ''),
    /^\d+/.exec(id)?.[0] ?? id,
    title.toLowerCase(),
  ])
  const found = topics[names.findIndex((aliases) => aliases.includes(lower))]
  if (found) return found
  const close = nearest(lower, names.flat())
  const meant = topics[names.findIndex((aliases) => close !== undefined && aliases.includes(close))]
  throw new UserError('usage', `There is no topic "${word}".${meant ? ` Did you mean "${meant.id}"?` : ''}`, {
    remedy: `Topics: ${topics.map(({ id }) => id).join(', ')}`,
  })
}
