import type { Exercise } from '../exercise/exercise.ts'
import { nearest } from '../exercise/nearest.ts'
import { configuration } from '../toolchains/configuration.ts'
import { type ToolchainId, toolchainIds, toolchains } from '../toolchains/index.ts'
import { UserError } from '../user-error.ts'

/** A language as `--lang` names it. @throws UserError `usage` with a suggestion */
export function knownLanguage(word: string): ToolchainId {
  const lower = word.toLowerCase()
  const found = toolchainIds.find((id) => id === lower || toolchains[id].name.toLowerCase() === lower)
  if (found) return found
  const close = nearest(lower, toolchainIds)
  throw new UserError(
    'usage',
    `"${word}" is no language that learn-backend knows.${close ? ` Did you mean "${close}"?` : ''}`,
    {
      remedy: `It knows: ${toolchainIds.map((id) => `${id} (${toolchains[id].name})`).join(', ')}\nFor any other, take one of these and put a run.yaml beside your program that says how it is built and started.`,
    },
  )
}

/**
 * The language to begin an exercise in: the one that was asked for, else the usual one where the exercise has it.
 * @throws UserError `usage` when the exercise has no starter in the language that was asked for
 */
export function chooseLanguage(exercise: Exercise, asked: string | undefined, usual: string): string {
  const { id, languages } = exercise
  if (asked === undefined) return languages.includes(usual) ? usual : (languages[0] ?? usual)
  if (languages.includes(asked)) return asked
  throw new UserError('usage', `${id} has no starter in ${asked}.`, {
    remedy: `It has one in: ${languages.join(', ')}`,
  })
}

/** A language as a person would write it. */
export function languageName(id: string): string {
  if (id === configuration.id) return configuration.name
  return Object.hasOwn(toolchains, id) ? toolchains[id as ToolchainId].name : id
}
