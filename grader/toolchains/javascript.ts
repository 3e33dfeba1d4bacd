import { join } from 'node:path'
import type { Toolchain } from './toolchain.ts'

/** JavaScript is run as it is, by the Node that runs the grader. */
export const javascript: Toolchain = {
  id: 'js',
  name: 'JavaScript',
  extensions: ['js', 'mjs', 'cjs'],
  mainFiles: ['main.js', 'main.mjs', 'main.cjs', 'index.js', 'src/main.js', 'src/index.js'],
  version: nodeVersion,
  build: ({ folder, main }) => Promise.resolve({ file: process.execPath, args: [join(folder, main)] }),
}

/** E.g. `node 20.20`. */
export function nodeVersion(): string {
  return `node ${process.versions.node.split('.').slice(0, 2).join('.')}`
}
