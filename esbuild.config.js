// Builds the program into dist/: the command line, the engine's modules that hidden tests import, the kit for authors
// who run stock Vitest, and the built-in course with its compiled hidden tests.
import { cp, rm, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { thirdPartyLicenses } from './cli/dev/third-party-licenses.js'

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: false,
  minifySyntax: true,
  logLevel: 'warning',
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'none',
  // Bundled CommonJS packages call require() for Node's own modules.
  banner: { js: "import{createRequire as __lbCreateRequire}from'node:module';const require=__lbCreateRequire(import.meta.url);" },
}

await rm('dist', { recursive: true, force: true })
const program = await build({
  ...common,
  outdir: 'dist',
  entryPoints: {
    main: 'cli/main.ts',
    index: 'grader/index.ts',
    worker: 'grader/batch/worker.ts',
    'engine-vitest': 'grader/engine/vitest.ts',
    'engine-kit': 'grader/kit/index.ts',
  },
  // Inside the engine, `vitest` is the engine's own face of it. Of the author's Vitest only the path is used, at run time.
  alias: { vitest: './grader/engine/vitest.ts' },
  external: ['esbuild', 'vitest/node'],
  metafile: true,
})
const stock = await build({
  ...common,
  outdir: 'dist',
  entryPoints: { kit: 'grader/kit/index.ts', 'stock-setup': 'grader/author/stock-setup.ts' },
  chunkNames: 'chunks/stock-[name]-[hash]',
  external: ['esbuild', 'vitest'],
  metafile: true,
})
await writeFile('dist/THIRD-PARTY-LICENSES.txt', await thirdPartyLicenses([program.metafile, stock.metafile]))

// `author new` begins with the smallest exercise there is.
await cp('fixtures/courses/tiny/01-basics/ping', 'dist/skeleton', {
  recursive: true,
  filter: (source) => !source.endsWith('reference/js'),
})

const { buildCourse, describeProblem } = await import('./dist/index.js')
const { exercises, problems } = await buildCourse()
for (const problem of problems) console.error(describeProblem(problem))
console.log(`built ${exercises} exercises into dist/`)
