import type { SuiteResults, SuiteTest } from './runner.ts'

/** Lines of a report that are read: a suite could have written it itself. */
const mostLines = 5000

/**
 * Reads what our own reporters write: a line of JSON for each test, `{ diagnostic }` for what goes wrong outside of tests,
 * and `{ end: true }`.
 */
export function readJsonLines(report: string): SuiteResults {
  const results: SuiteResults = { tests: [], diagnostics: [], complete: false }
  for (const line of report.split('\n').slice(0, mostLines)) {
    try {
      const result = JSON.parse(line || 'null') as Record<string, unknown> | null
      if (result?.['end'] === true) results.complete = true
      else if (typeof result?.['diagnostic'] === 'string') results.diagnostics.push(...result['diagnostic'].split('\n'))
      else if (isTest(result)) results.tests.push(result)
    } catch {
      // The last line is torn when the suite was killed.
    }
  }
  return results
}

function isTest(result: unknown): result is SuiteTest {
  const { name, passed, skipped, message } = (result ?? {}) as Record<string, unknown>
  return (
    typeof name === 'string' &&
    typeof passed === 'boolean' &&
    typeof skipped === 'boolean' &&
    (message === undefined || typeof message === 'string')
  )
}
