import { join } from 'node:path'
import { checkFiles, linkPackage, readJestReport } from './installed-runner.ts'
import type { SuiteRunner } from './runner.ts'

/** Vitest, as the learner has installed and configured it; whatever is for watching people is off. */
export const vitest: SuiteRunner = {
  testFiles: '*.test.ts or *.test.js',
  isTest: (file) => /\.(test|spec)\.[cm]?[jt]sx?$/.test(file),
  pace: 3,
  preparesOnce: false,
  async prepare(work) {
    const program = join(await linkPackage('vitest', work), 'vitest.mjs')
    return {
      command: ({ cwd, report }) => ({
        file: process.execPath,
        args: [
          program,
          'run',
          `--root=${cwd}`,
          '--reporter=default',
          '--reporter=json',
          `--outputFile.json=${report}`,
          // One worker, and one for all files: starting another for each takes as long as all the rest.
          '--pool=threads',
          '--no-file-parallelism',
          '--no-isolate',
          '--no-coverage',
          '--no-cache',
          '--passWithNoTests',
        ],
        env: { NO_COLOR: '1' },
      }),
      explainCrash: () => checkFiles(work),
      read: readJestReport,
    }
  },
}
