// @ts-check
// `npm run bench:attacks [names]`: the corpus of attacks against a deliberately naive grader. Fewer than 20 that succeed would
// mean that the corpus proves nothing about the real one, which is attacked in cli/e2e/attacks.test.ts.
import { join } from 'node:path'
import { install, root, run } from './steps.js'

await install()
const attacks = join(root, 'fixtures/attacks')
const outdir = join(root, 'node_modules/.cache/learn-backend-attacks')
const { build } = await import('esbuild')
await build({
  entryPoints: [join(attacks, 'bench-attacks.ts'), join(attacks, 'naive-worker.ts')],
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  // `await using` is newer than Node 20.
  supported: { using: false },
})
const bench = join(outdir, 'bench-attacks.mjs')
const words = [attacks, root, join(outdir, 'naive-worker.mjs'), ...process.argv.slice(2)]
process.exitCode = await run([process.execPath, bench, ...words])
