import { existsSync, readFileSync } from 'node:fs'
import { extname, join, normalize } from 'node:path'
import { UserError } from '../user-error.ts'
import { javascript } from './javascript.ts'
import type { Toolchain } from './toolchain.ts'
import { typescript } from './typescript.ts'

/** Every language that a solution can be written in, by the name that `--lang` takes. */
export const toolchains = {
  ts: typescript,
  js: javascript,
} satisfies Record<string, Toolchain>

export type ToolchainId = keyof typeof toolchains

export const toolchainIds = Object.keys(toolchains) as ToolchainId[]

/** A solution's language and main file. */
export interface DetectedSolution {
  toolchain: Toolchain
  /** Relative to the solution's folder. */
  main: string
}

/**
 * Finds out in which language a solution is written, by its main file.
 * @throws UserError when there is none, saying which names were looked for
 */
export function detectSolution(folder: string): DetectedSolution {
  for (const toolchain of Object.values(toolchains)) {
    const main = toolchain.mainFiles.find((file) => existsSync(join(folder, file)))
    if (main) return { toolchain, main }
  }
  const declared = mainOfPackage(folder)
  if (declared) return declared
  throw new UserError('invalid_workspace', `There is no program in ${folder}: no main file was found.`, {
    remedy: `Name it ${toolchainIds.map((id) => toolchains[id].mainFiles[0]).join(' or ')}, or type: npx learn-backend reset`,
  })
}

/** What the solution's package.json declares as its program: "bin", else "main". */
function mainOfPackage(folder: string): DetectedSolution | undefined {
  let declared: unknown
  try {
    const { bin, main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    declared = typeof bin === 'object' && bin !== null ? Object.values(bin)[0] : (bin ?? main)
  } catch {
    return undefined
  }
  if (typeof declared !== 'string') return undefined
  const main = normalize(declared)
  const toolchain = Object.values(toolchains).find(({ extensions }) => extensions.includes(extname(main).slice(1)))
  return toolchain && existsSync(join(folder, main)) ? { toolchain, main } : undefined
}
