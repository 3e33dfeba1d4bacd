import type { SuiteResults, SuiteTest } from './runner.ts'

/** A test of ours that runs first: what comes before the end of it is not the tests'. */
export const switchTest = 'TestSuiteReport'

/** Lines of a report that are read: a suite could have written it itself. */
const mostLines = 20_000

/**
 * Reads what Go's testing package prints in its verbose mode. A test with tests inside of it counts only if it fails by
 * itself.
 */
export function readGoOutput(report: string): SuiteResults {
  const start = report.indexOf(`=== RUN   ${switchTest}`)
  const lines = (start < 0 ? '' : report.slice(start)).split('\n').slice(0, mostLines)
  const verdicts = new Map<string, 'PASS' | 'FAIL' | 'SKIP'>()
  const said = new Map<string, string[]>()
  let current = ''
  for (const line of lines.map((text) => text.replaceAll('\u0016', ''))) {
    const [, heading] = /^=== (?:RUN|PAUSE|CONT|NAME) +(\S.*)$/.exec(line) ?? []
    const [, verdict, name] = /^\s*--- (PASS|FAIL|SKIP): (\S+) \(/.exec(line) ?? []
    if (heading !== undefined) {
      current = heading
      if (!said.has(current)) said.set(current, [])
    } else if (name !== undefined && said.has(name)) verdicts.set(name, verdict as 'PASS' | 'FAIL' | 'SKIP')
    else if (/^\s+\S/.test(line)) said.get(current)?.push(line.trim())
  }
  const names = [...verdicts.keys()]
  const parents = new Set(names.flatMap(namesAbove))
  const explained = new Set(names.filter((name) => verdicts.get(name) === 'FAIL').flatMap(namesAbove))
  const tests: SuiteTest[] = []
  for (const [name, verdict] of verdicts) {
    const failsByItself = verdict === 'FAIL' && !explained.has(name)
    if (name === switchTest || (parents.has(name) && !failsByItself)) continue
    const message = said.get(name)?.join(' ')
    tests.push({
      name: name.replaceAll('/', ' > '),
      passed: verdict === 'PASS',
      skipped: verdict === 'SKIP',
      ...(verdict === 'FAIL' && message ? { message } : {}),
    })
  }
  // A program that ends by itself within a test exits with a code that says so.
  return { tests, diagnostics: [], complete: true }
}

/** `A/b` and `A` for `A/b/c`. */
function namesAbove(name: string): string[] {
  const parts = name.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}
