import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Toolchain } from './toolchain.ts'

export const runFile = 'run.yaml'

/** Every other language: the solution's `run.yaml` says how it is built and started. */
export const custom: Toolchain = {
  id: 'custom',
  name: runFile,
  extensions: [],
  mainFiles: [runFile],
  pace: 2,
  version: () => `as ${runFile} says`,
  async build(request) {
    const { buildAsTold } = await import('./build-as-told.ts')
    return buildAsTold(request)
  },
  explanations: [
    [
      /(?:^|: )(?:exec: )?([\w.+-]+): (?:command )?not found$/m,
      ([, name]) => `There is no program "${name}" on the PATH: is it installed, and is its name right in ${runFile}?`,
    ],
  ],
}

/** The toolchain of a solution that says itself how it is run, by the language's name if it tells that. */
export function customIn(folder: string): Toolchain | undefined {
  const file = join(folder, runFile)
  if (!existsSync(file)) return undefined
  const [, name] = /^language:\s*["']?([\w+# .-]{1,40}?)["']?\s*(?:#.*)?$/m.exec(readFileSync(file, 'utf8')) ?? []
  return name === undefined ? custom : { ...custom, name }
}
