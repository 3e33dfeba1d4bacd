import { join } from 'node:path'
import { checkFiles, linkPackage, readJestReport } from './installed-runner.ts'
import type { SuiteRunner } from './runner.ts'

/** Jest, as the learner has installed and configured it. */
export const jest: SuiteRunner = {
  testFiles: '*.test.ts or *.test.js',
  isTest: (file) => /(\.(test|spec)\.[cm]?[jt]sx?|(^|\/)__tests__\/.*\.[cm]?[jt]sx?)$/.test(file),
  pace: 3,
  preparesOnce: false,
  async prepare(work) {
    const program = join(await linkPackage('jest', work), 'bin/jest.js')
    const cache = join(work.output, '..', 'jest-cache')
    return {
      command: ({ cwd, report }) => ({
        file: process.execPath,
        args: [
          // Without it Jest knows no ES modules; with it, CommonJS is what it was.
          '--experimental-vm-modules',
          '--no-warnings',
          program,
          `--rootDir=${cwd}`,
          '--ci',
          '--runInBand',
          '--coverage=false',
          '--watchman=false',
          `--cacheDirectory=${cache}`,
          '--json',
          `--outputFile=${report}`,
        ],
        env: { NO_COLOR: '1' },
      }),
      explainCrash: () => checkFiles(work),
      read: readJestReport,
    }
  },
}
