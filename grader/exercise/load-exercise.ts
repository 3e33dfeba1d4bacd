import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { services } from '../services/index.ts'
import type { Exercise } from './exercise.ts'
import { type Problem, readYaml } from './read-yaml.ts'
import { exerciseSchema, type ExerciseFile } from './schema.ts'

export type LoadedExercise = { exercise: Exercise; problems: [] } | { exercise?: undefined; problems: Problem[] }

/** Reads one exercise's folder; reports all that is wrong in its `exercise.yaml`. */
export async function loadExercise(folder: string): Promise<LoadedExercise> {
  const file = join(folder, 'exercise.yaml')
  const { value, problems } = await readYaml(file, exerciseSchema)
  if (!value) return { problems }
  const mistakes = crossCheck(value, folder).map((message) => ({ file, message }))
  if (mistakes.length > 0) return { problems: mistakes }
  const exercise: Exercise = {
    ...value,
    topic: basename(dirname(folder)),
    folder,
    languages: foldersIn(join(folder, 'starter')),
  }
  return { exercise, problems: [] }
}

/** What a schema can't say: ids that are unique and refer to something. */
function crossCheck(exercise: ExerciseFile, folder: string): string[] {
  const mistakes: string[] = []
  const { id, steps, wrong } = exercise
  if (id !== basename(folder)) mistakes.push(`id: is "${id}", but the folder is named "${basename(folder)}".`)
  const seen = new Set<string>()
  for (const step of steps) {
    if (seen.has(step.id)) mistakes.push(`steps: "${step.id}" is there twice.`)
    for (const need of step.needs) {
      if (!seen.has(need)) mistakes.push(`steps.${step.id}.needs: "${need}" is no earlier step.`)
    }
    seen.add(step.id)
  }
  const patches = new Set<string>()
  for (const { patch, step } of wrong) {
    if (!seen.has(step)) mistakes.push(`wrong.${patch}.step: "${step}" is no step.`)
    if (patches.has(patch)) mistakes.push(`wrong: "${patch}" is there twice.`)
    patches.add(patch)
  }
  for (const service of exercise.services) {
    if (!(service in services)) mistakes.push(`services: "${service}" is not known.`)
  }
  return mistakes
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}
