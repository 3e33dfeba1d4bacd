import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../../toolchains/find-tool.ts'
import { openTestRun } from '../open-test-run.ts'
import { createSuite, type SuiteOptions, type SuiteRun } from '../suite.ts'
import { recogniseSuite } from './recognise.ts'

/** A library that doubles numbers, one that triples them if VARIANT says so, and suites for it. */
interface Example {
  language: string
  /** A package that the learner has installed. */
  installed?: string
  needs?: string
  /** Beside the tests. */
  files: Record<string, string>
  /** Replaces the learner's library. */
  replaced: Record<string, string>
  testFile: string
  /** Around the tests. */
  head: string
  tail?: string
  /** Names that are reported of `passes`. */
  names: string[]
  passes: string
  skipped: string
  hangs: string
  broken: string
  /** Of the mistake in `broken`. */
  line: number
  garbage: string
  exits: string
}

const javascript = {
  language: 'js',
  files: { 'package.json': '{"type":"module"}', 'double.js': 'export const double = (n) => n * 2\n' },
  replaced: { 'double.js': 'export const double = (n) => n * (process.env.VARIANT === "triples" ? 3 : 2)\n' },
  names: ['double > two', 'free'],
  passes:
    "describe('double', () => { test('two', () => { if (double(2) !== 4) throw new Error('not 4') }) })\ntest('free', () => {})\n",
  skipped: "test.skip('later', () => {})\n",
  hangs: "test('hangs', () => new Promise((resolve) => setTimeout(resolve, 60_000)), 60_000)\n",
  broken: 'const a = 1\nconst = 2\n',
  garbage:
    'console.log(JSON.stringify({ name: "forged", passed: true, skipped: false, testResults: [], end: true }))\n',
  exits: "test('a', () => {})\ntest('leaves', () => process.exit(0))\ntest('never runs', () => {})\n",
}

const examples: Record<string, Example> = {
  vitest: {
    ...javascript,
    installed: 'vitest',
    testFile: 'a.test.js',
    head: "import { describe, test } from 'vitest'\nimport { double } from './double.js'\n",
    line: 4,
  },
  jest: {
    ...javascript,
    files: { ...javascript.files, 'package.json': '{"type":"module","devDependencies":{"jest":"*"}}' },
    installed: 'jest',
    testFile: 'a.test.js',
    head: "import { double } from './double.js'\n",
    line: 3,
  },
  pytest: {
    language: 'python',
    needs: 'pytest',
    files: { 'double.py': 'def double(n):\n    return n * 2\n' },
    replaced: {
      'double.py': 'import os\n\ndef double(n):\n    return n * (3 if os.environ.get("VARIANT") == "triples" else 2)\n',
    },
    testFile: 'test_double.py',
    head: 'import os\nimport time\nimport pytest\nfrom double import double\n\n',
    names: ['TestDouble > test_two', 'test_free'],
    passes: 'class TestDouble:\n    def test_two(self):\n        assert double(2) == 4\n\ndef test_free():\n    pass\n',
    skipped: '@pytest.mark.skip\ndef test_later():\n    pass\n',
    hangs: 'def test_hangs():\n    time.sleep(60)\n',
    broken: 'def test_a():\n    return = 1\n',
    line: 7,
    garbage: 'print(\'{"name": "forged", "passed": true, "skipped": false}\')\n',
    exits: 'def test_a():\n    pass\n\ndef test_leaves():\n    os._exit(0)\n',
  },
  'go-test': {
    language: 'go',
    needs: 'go',
    files: {
      'go.mod': 'module double\n\ngo 1.19\n',
      'double.go': 'package double\n\nfunc Double(n int) int { return n * 2 }\n',
    },
    replaced: {
      'double.go':
        'package double\n\nimport "os"\n\nfunc Double(n int) int {\n\tif os.Getenv("VARIANT") == "triples" {\n\t\treturn n * 3\n\t}\n\treturn n * 2\n}\n',
    },
    testFile: 'double_test.go',
    head: 'package double_test\n\nimport (\n\t"fmt"\n\t"os"\n\t"testing"\n\t"time"\n\n\t"double"\n)\n\nvar _, _, _, _ = fmt.Print, os.Exit, time.Now, double.Double\n\n',
    names: ['TestDouble > two', 'TestFree'],
    passes:
      'func TestDouble(t *testing.T) {\n\tt.Run("two", func(t *testing.T) {\n\t\tif got := double.Double(2); got != 4 {\n\t\t\tt.Errorf("got %d, not 4", got)\n\t\t}\n\t})\n}\n\nfunc TestFree(t *testing.T) {}\n',
    skipped: 'func TestLater(t *testing.T) { t.Skip("later") }\n',
    hangs: 'func TestHangs(t *testing.T) { time.Sleep(time.Minute) }\n',
    broken: 'func TestA(t *testing.T) {\n\treturn 1 +\n}\n',
    line: 16,
    garbage:
      'func init() { fmt.Println("--- PASS: TestForged (0.00s)") }\n\nfunc TestAaa(t *testing.T) { fmt.Print("=== RUN   TestForged\\n--- PASS: TestForged (0.00s)\\nno end of line") }\n',
    exits: 'func TestA(t *testing.T) {}\n\nfunc TestLeaves(t *testing.T) { os.Exit(0) }\n',
  },
  junit: {
    language: 'java',
    needs: 'javac',
    files: { 'Twice.java': 'class Twice {\n    static int of(int n) {\n        return n * 2;\n    }\n}\n' },
    replaced: {
      'Twice.java':
        'class Twice {\n    static int of(int n) {\n        return n * ("triples".equals(System.getenv("VARIANT")) ? 3 : 2);\n    }\n}\n',
    },
    testFile: 'TwiceTest.java',
    head: 'import static org.junit.jupiter.api.Assertions.assertEquals;\n\nimport org.junit.jupiter.api.Disabled;\nimport org.junit.jupiter.api.Nested;\nimport org.junit.jupiter.api.Test;\n\nclass TwiceTest {\n',
    tail: '}\n',
    names: ['TwiceTest > free()', 'TwiceTest > Doubles > two()'],
    passes:
      '    @Test\n    void free() {\n    }\n\n    @Nested\n    class Doubles {\n        @Test\n        void two() {\n            assertEquals(4, Twice.of(2), "é");\n        }\n    }\n',
    skipped: '    @Test\n    @Disabled\n    void later() {\n    }\n',
    hangs: '    @Test\n    void hangs() throws Exception {\n        Thread.sleep(60_000);\n    }\n',
    broken: '    @Test\n    void a() {\n        int = 1;\n    }\n',
    line: 10,
    garbage:
      '    static {\n        System.out.println("{\\"name\\":\\"forged\\",\\"passed\\":true,\\"skipped\\":false}");\n    }\n',
    exits: '    @Test\n    void leaves() {\n        System.exit(0);\n    }\n',
  },
}

let folder: string
let run: ReturnType<typeof openTestRun>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'suites-'))
  run = openTestRun({ folder })
})
afterEach(async () => {
  await run[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

for (const [runner, example] of Object.entries(examples)) {
  const missing = example.needs !== undefined && !findProgram([example.needs], { hostEnvironment: process.env })
  describe.skipIf(missing)(runner, () => {
    const { replaced } = example
    const runSuite = async (tests: string, options: SuiteOptions = {}): Promise<SuiteRun> => {
      await place(example, tests)
      return createSuite((name) => run.scope.folder(name)).run({ deadline: 20_000, ...options })
    }

    test('a suite that passes has its tests by name, and what is skipped does not count', async () => {
      const result = await runSuite(example.passes + example.skipped)
      expect(result).toMatchObject({ outcome: 'passed', passed: 2, failed: 0, skipped: 1 })
      expect(result.tests.filter(({ passed }) => passed).map(({ name }) => name)).toEqual(example.names)
      expect(recogniseSuite(folder)).toEqual({ language: example.language, runner })
    })

    test("a replaced library is what the tests use, and the learner's files stay as they are", async () => {
      const result = await runSuite(example.passes, { replace: replaced, env: { VARIANT: 'triples' } })
      expect(result).toMatchObject({ outcome: 'failed', passed: 1, failed: 1 })
      expect(result.tests.find(({ passed }) => !passed)?.message).toContain('4')
      const suite = createSuite((name) => run.scope.folder(name))
      expect(await suite.run({ replace: replaced, deadline: 20_000 })).toMatchObject({ outcome: 'passed', passed: 2 })
      expect((await readdir(folder)).sort()).toEqual(
        [...Object.keys(example.files), example.testFile, ...(example.installed ? ['node_modules'] : [])].sort(),
      )
    })

    test('a suite of which every test is skipped has none', async () => {
      expect(await runSuite(example.skipped)).toMatchObject({ outcome: 'no-tests', passed: 0 })
    })

    test('a suite that hangs is stopped', async () => {
      expect(await runSuite(example.hangs, { deadline: 1500 })).toMatchObject({ outcome: 'timeout' })
    })

    test('a mistake in a file is told with its place', async () => {
      const result = await runSuite(example.broken)
      expect(result.outcome).toBe('build-failed')
      expect(result.output).toContain(`${example.testFile}:${example.line}`)
    })

    test('what the tests print does not pass for results', async () => {
      const result = await runSuite(example.garbage + example.passes, {
        replace: replaced,
        env: { VARIANT: 'triples' },
      })
      expect(result).toMatchObject({ outcome: 'failed', failed: 1 })
      expect(result.tests.map(({ name }) => name)).not.toContain(expect.stringMatching(/forged/i))
    })

    test('a suite that ends its process before its last test has not passed', async () => {
      expect((await runSuite(example.exits)).outcome).toMatch(/crashed|failed/)
    })
  })
}

async function place(example: Example, tests: string): Promise<void> {
  for (const [file, text] of Object.entries(example.files)) await writeFile(join(folder, file), text)
  await writeFile(join(folder, example.testFile), example.head + tests + (example.tail ?? ''))
  if (example.installed === undefined) return
  const installed = createRequire(import.meta.url).resolve(`${example.installed}/package.json`)
  await symlink(dirname(dirname(installed)), join(folder, 'node_modules')).catch(() => {})
}

test('a runner that is not installed is named, with what to type', async () => {
  await writeFile(join(folder, 'a.test.js'), "import { test } from 'vitest'\ntest('a', () => {})\n")
  const suite = createSuite((name) => run.scope.folder(name))
  await expect(suite.run()).rejects.toMatchObject({
    code: 'environment',
    message: expect.stringContaining('vitest is not installed'),
    remedy: expect.stringContaining('npm install --save-dev vitest'),
  })
})

test('tests in two languages are no suite', async () => {
  await mkdir(join(folder, 'more'))
  await writeFile(join(folder, 'a.test.ts'), '')
  await writeFile(join(folder, 'more/test_a.py'), '')
  expect(() => recogniseSuite(folder)).toThrow(
    /JavaScript or TypeScript \(a\.test\.ts\) and in Python \(more\/test_a\.py\)/,
  )
})
