import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { goEnvironment, problemsIn } from '../../toolchains/build-go.ts'
import { sourceFiles } from '../../toolchains/source-files.ts'
import { findGo } from '../../toolchains/go.ts'
import { brokenOff, runTool } from '../../toolchains/run-tool.ts'
import { BuildFailure } from '../../toolchains/toolchain.ts'
import { readGoOutput, switchTest } from './go-output.ts'
import type { SuiteRunner } from './runner.ts'

/** Milliseconds: the first build on a machine may compile the standard library. */
const patience = 120_000

/** The first test file of the package: tests run in the order of their files. */
const reporterFile = '0_report_test.go'

/** The variable that names the report. */
const variable = 'SUITE_REPORT'

// Go's testing package prints its results where os.Stdout points to when the tests begin. That is the report; the first
// test gives os.Stdout back, so that whatever the tests print stays out of it.
const reporter = (name: string) => `package ${name}

import (
	"os"
	"testing"
)

var suiteStdout = os.Stdout

func init() {
	if report, err := os.Create(os.Getenv("${variable}")); err == nil {
		os.Stdout = report
	}
}

func ${switchTest}(t *testing.T) {
	os.Stdout = suiteStdout
}
`

/** `go test`: the tests of the top folder's package are compiled once and run without the go command. */
export const goTest: SuiteRunner = {
  testFiles: '*_test.go, at the top of the folder,',
  isTest: (file) => /^[^/]+_test\.go$/.test(file) && file !== reporterFile,
  pace: 1,
  preparesOnce: true,
  async prepare({ folder, output, run }) {
    const { file, version } = await findGo(run)
    const program = join(output, 'suite')
    await writeFile(join(folder, reporterFile), reporter(packageIn(folder)))
    const env = { ...(await goEnvironment(run, run.scope)), CGO_ENABLED: '0' }
    const args = ['test', '-c', '-ldflags=-s -w', '-o', program, '.']
    const built = await runTool({ file, args, cwd: folder, env }, run.scope, patience)
    if (built.code !== 0) {
      const problems = problemsIn(built.stderr, folder)
      throw problems.length > 0 ? new BuildFailure(problems) : brokenOff(built)
    }
    // From 1.20 on, lines of the testing package can be told from those of a test.
    const [, minor = 0] = version.split('.').map(Number)
    return {
      command: ({ report }) => ({
        file: program,
        args: [`-test.v=${minor >= 20 ? 'test2json' : 'true'}`, '-test.paniconexit0'],
        env: { [variable]: report },
      }),
      read: readGoOutput,
    }
  },
}

/** The name of the package that is tested. */
function packageIn(folder: string): string {
  const files = sourceFiles(folder, '.go').filter((file) => !file.includes('/') && file !== reporterFile)
  const own = files.find((file) => !file.endsWith('_test.go')) ?? files[0]
  const text = own === undefined ? '' : readFileSync(join(folder, own), 'utf8')
  return /^package\s+(\w+)/m.exec(text)?.[1]?.replace(/_test$/, '') ?? 'main'
}
