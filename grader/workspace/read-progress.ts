import type { Course, Exercise } from '../exercise/exercise.ts'
import { type ExerciseProgress, foldProgress } from './fold-progress.ts'
import { readEvents } from './progress-file.ts'

/** The progress of a whole course in one workspace. */
export interface CourseProgress {
  of(exercise: string): ExerciseProgress
  /** What the learner must know: files that were damaged or can't be read. */
  notices: string[]
}

/** Reads the progress of every exercise of a course. @param root the workspace's folder; none: nothing has begun */
export async function readProgress(course: Course, root: string | undefined, now: Date): Promise<CourseProgress> {
  const all = new Map<string, ExerciseProgress>()
  const notices = new Set<string>()
  for (const id of root === undefined ? [] : course.topics.flatMap((topic) => topic.exercises)) {
    const { events, notice } = await readEvents(root as string, id, now)
    all.set(id, foldProgress(events))
    if (notice) notices.add(notice)
  }
  return { of: (id) => all.get(id) ?? foldProgress([]), notices: [...notices] }
}

/** The exercise that the learner is at: the last one begun and not passed, else the last one; undefined before the first. */
export function currentExercise(course: Course, progress: CourseProgress): Exercise | undefined {
  const begun = course.exercises
    .map((exercise) => ({ exercise, ...progress.of(exercise.id) }))
    .filter(({ activeAt }) => activeAt !== undefined)
    .sort((left, right) => Date.parse(right.activeAt as string) - Date.parse(left.activeAt as string))
  return (begun.find(({ status }) => status !== 'passed') ?? begun[0])?.exercise
}

/** The first exercise in course order that has not passed; undefined when all have. */
export function nextExercise(course: Course, progress: CourseProgress): Exercise | undefined {
  return course.exercises.find(({ id }) => progress.of(id).status !== 'passed')
}
