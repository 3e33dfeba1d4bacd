import { relative, dirname, join } from 'node:path'
import { readdirSync } from 'node:fs'
import type { Plugin } from 'esbuild'
import { ownPackage } from '../package-root.ts'

/** What hidden tests import, and the module of the build that serves it inside the engine. */
const engineModules: Record<string, string> = {
  vitest: 'dist/engine-vitest.js',
  'learn-backend/kit': 'dist/engine-kit.js',
}

/** The hidden test files of an exercise, in the order in which they run. */
export function hiddenTestFiles(exerciseFolder: string): string[] {
  const hidden = join(exerciseFolder, 'hidden')
  return readdirSync(hidden)
    .filter((file) => file.endsWith('.test.ts'))
    .sort()
    .map((file) => join(hidden, file))
}

/** Compiles an exercise's hidden tests for the engine. @returns the compiled files, in the same order */
export async function compileHiddenTests(exerciseFolder: string, output: string): Promise<string[]> {
  const { build } = await import('esbuild')
  const files = hiddenTestFiles(exerciseFolder)
  await build({
    entryPoints: files,
    outdir: output,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: false,
    logLevel: 'silent',
    plugins: [intoEngine(output)],
  })
  return files.map((file) => join(output, relative(dirname(file), file).replace(/\.ts$/, '.js')))
}

function intoEngine(output: string): Plugin {
  return {
    name: 'into-engine',
    setup(build) {
      build.onResolve({ filter: /^(vitest|learn-backend\/kit)$/ }, ({ path }) => ({
        path: relative(output, join(ownPackage().root, engineModules[path] as string)),
        external: true,
      }))
    },
  }
}
