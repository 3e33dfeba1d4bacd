import { existsSync, readFileSync } from 'node:fs'
import { extname, join, normalize } from 'node:path'
import { UserError } from '../user-error.ts'
import { custom, customIn, runFile } from './custom.ts'
import { go } from './go.ts'
import { java } from './java.ts'
import { javascript } from './javascript.ts'
import { python } from './python.ts'
import type { Toolchain } from './toolchain.ts'
import { typescript } from './typescript.ts'

/** Every language that a solution can be written in, by the name that `--lang` takes. */
export const toolchains = {
  ts: typescript,
  js: javascript,
  python,
  go,
  java,
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
 * Finds out in which language a solution is written: as its run.yaml says, else by its main file.
 * @throws UserError when there is none, saying which names were looked for, or when there are several
 */
export function detectSolution(folder: string): DetectedSolution {
  const told = customIn(folder)
  if (told) return { toolchain: told, main: runFile }
  const found = Object.values(toolchains).flatMap((toolchain) => {
    const main = toolchain.mainFiles.find((file) => existsSync(join(folder, file)))
    return main === undefined ? [] : [{ toolchain, main }]
  })
  const [first, second] = found.filter(({ toolchain }, index) => index === 0 || !runsOnNode(toolchain))
  if (first && second) {
    throw new UserError(
      'invalid_workspace',
      `${folder} has a ${first.main} and a ${second.main}: it is not clear which is the program.`,
      { remedy: `Move one of them away, or say how to start it in ${runFile}, e.g. start: python3 main.py` },
    )
  }
  const detected = first ?? mainOfPackage(folder) ?? otherMain(folder)
  if (detected) return detected
  throw new UserError('invalid_workspace', `There is no program in ${folder}: no main file was found.`, {
    remedy: `Name it ${toolchainIds.map((id) => toolchains[id].mainFiles[0]).join(', ')}, or say in ${runFile} how it is started (start: ruby main.rb), or type: npx learn-backend reset`,
  })
}

/** TypeScript may lie beside the JavaScript that was made of it. */
function runsOnNode({ id }: Toolchain): boolean {
  return id === 'ts' || id === 'js'
}

/** A main file by another name. */
function otherMain(folder: string): DetectedSolution | undefined {
  for (const toolchain of Object.values<Toolchain>(toolchains)) {
    const main = toolchain.findMain?.(folder)
    if (main !== undefined) return { toolchain, main }
  }
  return undefined
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

/** A toolchain by its id, of whatever kind. */
export function toolchainOf(id: string): Toolchain | undefined {
  return [...Object.values(toolchains), custom].find((toolchain) => toolchain.id === id)
}
