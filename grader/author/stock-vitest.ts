import { existsSync, realpathSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { findProgram, settingsOf, testTimeout } from '../engine/grade-solution.ts'
import type { Exercise } from '../exercise/exercise.ts'
import { ownPackage } from '../package-root.ts'
import type { ServiceSettings } from '../services/server.ts'
import { openRunScope } from '../solution/run-scope.ts'
import { UserError } from '../user-error.ts'

/** A test's verdict by `step > title`. */
export type Verdicts = Map<string, 'passed' | 'failed' | 'skipped'>

interface StockRequest {
  exercise: Exercise
  solution: string
  seed: string
  hostEnvironment: Record<string, string | undefined>
  services: ServiceSettings
}

/**
 * Runs an exercise's hidden tests under the author's own Vitest, as any Vitest user would.
 * @throws UserError when Vitest is not installed
 */
export async function runStockVitest({
  exercise,
  solution,
  seed,
  hostEnvironment,
  services,
}: StockRequest): Promise<Verdicts> {
  await using scope = openRunScope()
  const { root } = ownPackage()
  const request = { exercise, solution, seed, hostEnvironment }
  const { toolchain, main } = findProgram(request)
  const output = await scope.folder('build')
  const launch =
    main === undefined
      ? undefined
      : await toolchain.build({ folder: solution, hostEnvironment, cache: services.cache, main, output, scope })
  const work = await scope.folder('stock-vitest')
  const results = join(work, 'results.json')
  const config = {
    test: {
      // Behind a link Vitest would look for the files under one name and find them under another.
      root: realpathSync(join(exercise.folder, 'hidden')),
      include: ['*.test.ts'],
      setupFiles: [join(root, 'dist/stock-setup.js')],
      env: { LEARN_BACKEND_RUN_SETTINGS: JSON.stringify({ ...settingsOf(request, launch, toolchain), services }) },
      alias: { 'learn-backend/kit': join(root, 'dist/kit.js') },
      // One process and one module graph for all files, in order, as in the engine.
      pool: 'forks',
      isolate: false,
      fileParallelism: false,
      testTimeout: testTimeout(exercise, toolchain),
      hookTimeout: testTimeout(exercise, toolchain),
      reporters: ['json'],
      outputFile: results,
    },
    cacheDir: join(work, 'cache'),
  }
  const configFile = join(work, 'vitest.config.mjs')
  await writeFile(configFile, configText(config))
  const { all } = await execa(process.execPath, [findVitest(exercise.folder), 'run', '--config', configFile], {
    cwd: work,
    // What Vitest itself puts there goes with this run, also when it is interrupted.
    env: { TMPDIR: work, LEARN_BACKEND_TMPDIR: tmpdir() },
    all: true,
    reject: false,
    stdin: 'ignore',
  })
  if (!existsSync(results)) throw new Error(`stock Vitest gave no results:\n${all}`)
  return readVerdicts(await readFile(results, 'utf8'))
}

/** Files run in order of name, as in the engine: Vitest would put the largest or slowest first. */
function configText(config: object): string {
  return `const config = ${JSON.stringify(config, null, 2)}
config.test.sequence = {
  sequencer: class {
    shard(files) { return files }
    sort(files) { return [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1)) }
  },
}
export default config
`
}

function findVitest(folder: string): string {
  for (const base of [folder, ownPackage().root]) {
    try {
      return join(dirname(createRequire(join(base, 'package.json')).resolve('vitest/package.json')), 'vitest.mjs')
    } catch {
      // not installed there
    }
  }
  throw new UserError('environment', 'Vitest is not installed: the hidden tests are held against it.', {
    remedy: 'Type: npm install --save-dev vitest',
  })
}

interface StockResults {
  testResults: { assertionResults: { ancestorTitles: string[]; title: string; status: string }[] }[]
}

function readVerdicts(text: string): Verdicts {
  const verdicts: Verdicts = new Map()
  for (const file of (JSON.parse(text) as StockResults).testResults) {
    for (const { ancestorTitles, title, status } of file.assertionResults) {
      const verdict = status === 'passed' || status === 'failed' ? status : 'skipped'
      verdicts.set(`${ancestorTitles.find(Boolean) ?? ''} > ${title}`, verdict)
    }
  }
  return verdicts
}
