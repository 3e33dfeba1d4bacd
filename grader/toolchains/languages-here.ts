import { UserError } from '../user-error.ts'
import { type ToolchainId, toolchains } from './index.ts'
import type { Machine, Toolchain } from './toolchain.ts'

/** Whether programs in a language can be built and started on this machine. */
export interface LanguageHere {
  id: ToolchainId
  name: string
  /** E.g. `go 1.19`; absent where it is not installed. */
  version?: string
  /** What to type to get it, where it is not installed. */
  remedy?: string
}

/** All languages, those that can be used here first. */
export async function languagesHere(machine: Machine): Promise<LanguageHere[]> {
  const all = await Promise.all(
    Object.entries<Toolchain>(toolchains).map(async ([id, toolchain]): Promise<LanguageHere> => {
      const head = { id: id as ToolchainId, name: toolchain.name }
      try {
        return { ...head, version: await toolchain.version(machine) }
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        return { ...head, ...(error.remedy === undefined ? {} : { remedy: error.remedy }) }
      }
    }),
  )
  return [...all.filter(({ version }) => version !== undefined), ...all.filter(({ version }) => version === undefined)]
}

/** @throws UserError `environment` when a language is not installed; it says what to type, and which others are here */
export async function needLanguage(id: string, machine: Machine): Promise<void> {
  if (!Object.hasOwn(toolchains, id)) return
  try {
    await toolchains[id as ToolchainId].version(machine)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const here = (await languagesHere(machine)).filter(({ version }) => version !== undefined).map((each) => each.id)
    throw new UserError(error.code, error.message, {
      remedy: `${error.remedy ?? ''}\nOr take a language that is here: ${here.join(', ')}`.trim(),
      cause: error,
    })
  }
}
