import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sourceFiles } from '../../toolchains/source-files.ts'
import { UserError } from '../../user-error.ts'
import type { SuiteRunnerId } from './index.ts'

/** What a suite is written in: the id of a toolchain. */
export type SuiteLanguage = 'ts' | 'js' | 'python' | 'go' | 'java'

const languages = {
  js: { name: 'JavaScript or TypeScript', test: /\.(test|spec)\.[cm]?[jt]sx?$/, source: /\.[cm]?[jt]sx?$/ },
  python: { name: 'Python', test: /(^|\/)(test_[^/]*|[^/]*_test)\.py$/, source: /\.py$/ },
  go: { name: 'Go', test: /_test\.go$/, source: /\.go$/ },
  java: { name: 'Java', test: /Tests?\.java$/, source: /\.java$/ },
} satisfies Partial<Record<SuiteLanguage, { name: string; test: RegExp; source: RegExp }>>

const runners = { python: 'pytest', go: 'go-test', java: 'junit' } as const

/** Bytes of a file that is read for its imports. */
const mostBytes = 2 ** 20

/**
 * The language and the test runner of a suite, by its files. Without tests, whatever else is there decides.
 * @param folder absolute
 * @throws UserError `invalid_workspace` when there are tests in several languages
 */
export function recogniseSuite(folder: string): { language: SuiteLanguage; runner: SuiteRunnerId } {
  const files = sourceFiles(folder)
  const ids = Object.keys(languages) as (keyof typeof languages)[]
  const tested = ids.filter((id) => files.some((file) => languages[id].test.test(file)))
  if (tested.length > 1) {
    const found = tested.map((id) => `${languages[id].name} (${files.find((file) => languages[id].test.test(file))})`)
    throw new UserError(
      'invalid_workspace',
      `There are tests in ${found.join(' and in ')}: a suite is in one language.`,
      {
        remedy: `Remove those of the other language from ${folder}`,
      },
    )
  }
  const language = tested[0] ?? ids.find((id) => files.some((file) => languages[id].source.test(file))) ?? 'js'
  if (language !== 'js') return { language, runner: runners[language] }
  const inTypescript = files.some((file) => /\.(test|spec)\.[cm]?tsx?$/.test(file))
  return { language: inTypescript ? 'ts' : 'js', runner: javascriptRunner(folder, files) }
}

/** What the tests import says most; tests that import nothing have the runner's words as globals. */
function javascriptRunner(folder: string, files: string[]): 'node-test' | 'vitest' | 'jest' {
  const { test, source } = languages.js
  const tests = files.filter((file) => test.test(file))
  const others = files.filter((file) => source.test(file) && !test.test(file))
  for (const file of [...tests, ...others]) {
    const [, name] =
      /(?:\bfrom|\bimport|\brequire\()\s*['"](node:test|vitest|@jest\/globals)['"]/.exec(textOf(join(folder, file))) ??
      []
    if (name !== undefined) return name === 'vitest' ? 'vitest' : name === 'node:test' ? 'node-test' : 'jest'
  }
  const declared = packagesOf(folder)
  if (declared.includes('vitest')) return 'vitest'
  return declared.includes('jest') ? 'jest' : 'node-test'
}

function packagesOf(folder: string): string[] {
  try {
    const { dependencies, devDependencies } = JSON.parse(textOf(join(folder, 'package.json'))) as Record<string, object>
    return Object.keys({ ...dependencies, ...devDependencies })
  } catch {
    return []
  }
}

function textOf(file: string): string {
  try {
    const { size } = statSync(file)
    return size > mostBytes ? '' : readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
