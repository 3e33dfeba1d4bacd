import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Exercise, referenceLanguage } from '../exercise/exercise.ts'
import { filesBelow } from './place-exercise.ts'

export interface ReferenceSolution {
  lang: string
  files: { path: string; text: string }[]
}

/** The reference solution, in the learner's language where there is one. */
export function referenceFiles(exercise: Exercise, usual: string | undefined): ReferenceSolution {
  const lang =
    usual !== undefined && existsSync(join(exercise.folder, 'reference', usual)) ? usual : referenceLanguage(exercise)
  const files = filesBelow(join(exercise.folder, 'reference', lang))
    .filter(({ name }) => name !== 'package.json')
    .map(({ name, source }) => ({ path: name, text: readFileSync(source, 'utf8') }))
  return { lang, files }
}
