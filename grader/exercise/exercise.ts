import { dirname, join } from 'node:path'
import type { Problem } from './read-yaml.ts'
import type { CourseFile, ExerciseFile } from './schema.ts'

/** An exercise that was found and is valid. Plain data: the build keeps it as JSON. */
export interface Exercise extends ExerciseFile {
  topic: string
  /** Its folder, absolute. */
  folder: string
  /** The languages in which a starter exists, e.g. `ts`. */
  languages: string[]
}

/** The files of the course that are placed beside a starter, absolute. */
export function sharedFiles({ folder, shared }: Pick<Exercise, 'folder' | 'shared'>, language: string): string[] {
  return (shared[language] ?? []).map((name) => join(dirname(dirname(folder)), 'shared', language, name))
}

/** The language of the reference that wrong solutions are patches of. */
export function referenceLanguage({ interface: kind }: Pick<Exercise, 'interface'>): string {
  return kind === 'files' ? 'config' : 'ts'
}

/** A course, with those of its exercises that are valid. */
export interface Course {
  id: string
  title: string
  /** Its folder, absolute. */
  folder: string
  topics: CourseFile['topics']
  /** In the order in which they are offered. */
  exercises: Exercise[]
  /** What is wrong with the others. */
  problems: Problem[]
}
