import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { howToInstall } from '../../how-to-install.ts'
import { solutionEnvironment } from '../../solution/environment.ts'
import { sourceFiles } from '../../toolchains/source-files.ts'
import { findPython } from '../../toolchains/python.ts'
import { interpreterIn } from '../../toolchains/python/virtual-environment.ts'
import { readProblems } from '../../toolchains/read-problems.ts'
import { brokenOff, runTool, type ToolRun } from '../../toolchains/run-tool.ts'
import { BuildFailure } from '../../toolchains/toolchain.ts'
import { UserError } from '../../user-error.ts'
import { readJsonLines } from './json-lines.ts'
import type { SuiteRunner, SuiteWork } from './runner.ts'

/** Milliseconds for the look at the files. */
const patience = 30_000

/** pytest's exit code for "no tests were collected". */
const noTests = 5

/** What the look at the files ends with when pytest is not installed. */
const noPytest = 9

// A mistake is told with its place before anything runs.
const check = `
import json, sys
try:
    import pytest
except ImportError:
    sys.exit(${noPytest})
problems = []
for path in sys.argv[1:]:
    try:
        with open(path, 'rb') as file:
            compile(file.read(), path, 'exec', dont_inherit=True)
    except SyntaxError as error:
        text = (error.text or '').rstrip('\\n')
        problems.append(dict(message='%s: %s' % (type(error).__name__, error.msg), file=path, line=error.lineno or 1,
                             column=max(1, error.offset or 1), **(dict(source=text) if text else {})))
    except (OSError, ValueError, RecursionError) as error:
        problems.append(dict(message=str(error), file=path))
print(json.dumps(problems))
sys.exit(1 if problems else 0)
`

// Writes the results into a file of its own: whatever the tests print stays out of it. A test that is expected to fail is
// a todo, whatever becomes of it.
const launcher = `
import json, os, sys
report_file = open(sys.argv[1], 'w', encoding='utf-8', errors='backslashreplace')
sys.path[0] = os.getcwd()
import pytest

class Reporter:
    def __init__(self):
        self.seen = {}

    def write(self, line):
        report_file.write(json.dumps(line) + '\\n')
        report_file.flush()

    def pytest_runtest_logreport(self, report):
        seen = self.seen.setdefault(report.nodeid, dict(failed=False, skipped=False, message=None))
        if report.failed:
            if not seen['failed']:
                crash = getattr(report.longrepr, 'reprcrash', None)
                seen['message'] = str(crash.message if crash else report.longrepr)[:2000]
            seen['failed'] = True
        elif report.skipped or hasattr(report, 'wasxfail'):
            seen['skipped'] = True

    def pytest_runtest_logfinish(self, nodeid, location):
        seen = self.seen.pop(nodeid, None)
        if seen is None:
            return
        failed, skipped = seen['failed'], seen['skipped'] and not seen['failed']
        self.write(dict(name=' > '.join(nodeid.split('::')[1:]) or nodeid, passed=not failed and not skipped,
                        skipped=skipped, **(dict(message=seen['message']) if failed else {})))

    def pytest_sessionfinish(self, session, exitstatus):
        self.write(dict(end=True))

status = pytest.main(['-q', '--no-header', '--tb=short', '-p', 'no:cacheprovider'], plugins=[Reporter()])
sys.stdout.flush()
sys.stderr.flush()
# A thread that a test has left waiting must not hold up the end.
os._exit(int(status))
`

/** pytest, from the solution's own environment if it is there, else the machine's. */
export const pytest: SuiteRunner = {
  testFiles: 'test_*.py or *_test.py',
  isTest: (file) => /(^|\/)(test_[^/]*|[^/]*_test)\.py$/.test(file),
  pace: 1.5,
  preparesOnce: true,
  async prepare(work) {
    const { folder, output } = work
    const python = await findWithPytest(work)
    const script = join(output, 'run-suite.py')
    await writeFile(script, launcher)
    const own = asksForPlugins(folder) ? {} : { PYTEST_DISABLE_PLUGIN_AUTOLOAD: '1' }
    return {
      command: ({ report }) => ({
        file: python,
        args: [script, report],
        env: { PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1', ...own },
      }),
      read: readJsonLines,
      sound: [noTests],
    }
  },
}

/** The first Python that has pytest. @throws BuildFailure when a file can't be read, UserError when there is no pytest */
async function findWithPytest({ folder, run }: SuiteWork): Promise<string> {
  const { hostEnvironment, scope, solution } = run
  const machine = await findPython({ hostEnvironment })
  // What is not the machine's own can't be seen in a pod.
  const own = scope.isolation.inPod ? undefined : interpreterIn(solution.folder)
  for (const file of own === undefined ? [machine.file] : [own, machine.file]) {
    const command = {
      file,
      args: ['-c', check, ...sourceFiles(folder, '.py')],
      cwd: folder,
      env: solutionEnvironment(hostEnvironment, { PYTHONDONTWRITEBYTECODE: '1' }),
    }
    const checked = await runTool(command, scope, patience)
    if (checked.code !== noPytest) return readCheck(checked, file)
  }
  throw new UserError(
    'environment',
    `pytest is not installed for ${own ?? machine.file}: the tests are written for it.`,
    {
      remedy: own
        ? `Type: ${own} -m pip install pytest`
        : howToInstall(
            {
              apt: 'python3-pytest',
              brew: 'pytest',
              dnf: 'python3-pytest',
              apk: 'py3-pytest',
              pacman: 'python-pytest',
            },
            `Type: ${machine.file} -m pip install pytest`,
          ),
    },
  )
}

function readCheck(checked: ToolRun, file: string): string {
  const problems = readProblems(checked.stdout)
  if (problems.length > 0) throw new BuildFailure(problems)
  if (checked.code !== 0) throw brokenOff(checked)
  return file
}

/**
 * Whether the solution names a plugin. Otherwise those that happen to be installed are not loaded: they take longer than
 * the tests, and make the verdict depend on the machine.
 */
function asksForPlugins(folder: string): boolean {
  return sourceFiles(folder)
    .filter((file) => /(^|\/)(requirements[^/]*\.txt|pyproject\.toml|pytest\.ini|setup\.cfg|tox\.ini)$/.test(file))
    .some((file) =>
      /^[^#\n]*(pytest[-_][a-z]|\banyio\b|\bhypothesis\b)/m.test(readFileSync(join(folder, file), 'utf8')),
    )
}
