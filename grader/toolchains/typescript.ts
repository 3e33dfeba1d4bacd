import { join } from 'node:path'
import { explanations, installMissing, nodeVersion } from './javascript.ts'
import type { Toolchain } from './toolchain.ts'

/** TypeScript is bundled by esbuild in the grader's process: types are erased, not checked. */
export const typescript: Toolchain = {
  id: 'ts',
  name: 'TypeScript',
  extensions: ['ts', 'mts', 'cts'],
  mainFiles: ['main.ts', 'main.mts', 'index.ts', 'src/main.ts', 'src/index.ts'],
  version: nodeVersion,
  prepare: installMissing,
  async build({ folder, main, output, scope }) {
    const { bundle } = await import('./bundle.ts')
    const outfile = join(output, 'main.mjs')
    await bundle({ entry: join(folder, main), folder, outfile }, scope)
    return { file: process.execPath, args: ['--enable-source-maps', outfile] }
  },
  explanations,
}
