import type { Report } from '../../grader/index.ts'

/** The report as it is, for programs; its schema is versioned. */
export function jsonReport(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`
}
