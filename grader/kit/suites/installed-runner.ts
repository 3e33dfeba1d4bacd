import { existsSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../../user-error.ts'
import { bundle } from '../../toolchains/bundle.ts'
import type { SuiteResults, SuiteWork } from './runner.ts'

/** Assertions of a report that are read: a suite could have written it itself. */
const mostTests = 5000

/**
 * Gives a copy of the solution the packages that the learner has installed.
 * @returns the folder of the package, as it is seen from the copy
 * @throws UserError `environment` when the package is not installed
 */
export async function linkPackage(name: string, { folder, run }: SuiteWork): Promise<string> {
  const packages = findPackages(name, run.solution.folder)
  if (packages === undefined) {
    // In a pod nothing but the course's packages can be seen, and nobody who could install one.
    const remedy = run.scope.isolation.inPod
      ? `A graded solution gets the course's packages only. Add ${name} to those, or write the tests for node:test.`
      : `Type: npm install --save-dev ${name} --prefix ${run.solution.folder}`
    throw new UserError('environment', `${name} is not installed: the tests are written for it.`, { remedy })
  }
  const link = join(folder, 'node_modules')
  await symlink(packages, link)
  return join(link, name)
}

/** The folder `node_modules` that holds a package, where Node would look for it: beside the solution and above. */
function findPackages(name: string, folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const packages = join(at, 'node_modules')
    if (existsSync(join(packages, name, 'package.json'))) return packages
    if (at === dirname(at)) return undefined
  }
}

/** Says where a test file has its mistake; these runners say so too, but each in words of its own. @throws BuildFailure */
export async function checkFiles({ folder, tests, output, run }: SuiteWork): Promise<void> {
  const imports = tests.map((file) => `import ${JSON.stringify(`./${file}`)}`).join('\n')
  await bundle({ entry: { text: imports }, folder, outfile: join(output, 'check.mjs') }, run.scope)
}

/** Reads the report of Jest, which is also that of Vitest's `json` reporter. */
export function readJestReport(report: string): SuiteResults {
  const results: SuiteResults = { tests: [], diagnostics: [], complete: false }
  let files: unknown
  try {
    files = (JSON.parse(report || 'null') as { testResults?: unknown } | null)?.testResults
  } catch {
    // Torn: the suite was killed while it wrote.
  }
  if (!Array.isArray(files)) return results
  results.complete = true
  for (const file of files) {
    const { assertionResults, message, status } = (file ?? {}) as Record<string, unknown>
    const found = Array.isArray(assertionResults) ? assertionResults.slice(0, mostTests) : []
    for (const result of found) addTest(results, (result ?? {}) as Record<string, unknown>)
    const sound = found.length > 0 || status === 'passed'
    if (!sound && typeof message === 'string') results.diagnostics.push(...message.split('\n'))
  }
  return results
}

function addTest({ tests }: SuiteResults, result: Record<string, unknown>): void {
  const { ancestorTitles, title, status, failureMessages } = result
  if (typeof title !== 'string' || typeof status !== 'string' || tests.length >= mostTests) return
  const failed = status === 'failed'
  const [failure] = Array.isArray(failureMessages) ? (failureMessages as unknown[]) : []
  tests.push({
    name: [...(Array.isArray(ancestorTitles) ? ancestorTitles.map(String) : []), title].join(' > '),
    passed: status === 'passed',
    skipped: !failed && status !== 'passed',
    ...(failed && typeof failure === 'string' ? { message: withoutStack(failure) } : {}),
  })
}

function withoutStack(text: string): string {
  const stack = text.search(/\n\s+at /)
  // Colours are for terminals.
  return (stack < 0 ? text : text.slice(0, stack)).replace(/\u001b\[[\d;]*m/g, '')
}
