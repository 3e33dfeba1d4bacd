import { join } from 'node:path'
import { nodeVersion } from './javascript.ts'
import type { Toolchain } from './toolchain.ts'

/** TypeScript is bundled by esbuild in the grader's process: types are erased, not checked. */
export const typescript: Toolchain = {
  id: 'ts',
  name: 'TypeScript',
  extensions: ['ts', 'mts', 'cts'],
  mainFiles: ['main.ts', 'main.mts', 'index.ts', 'src/main.ts', 'src/index.ts'],
  version: nodeVersion,
  async build({ folder, main, output }) {
    const { bundleTypescript } = await import('./bundle-typescript.ts')
    const outfile = join(output, 'main.mjs')
    await bundleTypescript({ entry: join(folder, main), folder, outfile })
    return { file: process.execPath, args: ['--enable-source-maps', outfile] }
  },
}
