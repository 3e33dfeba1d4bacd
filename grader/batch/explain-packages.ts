import type { Cause, Report } from '../report/schema.ts'
import { declaredPackages } from '../toolchains/install-packages.ts'
import { explainMissing } from './course-dependencies.ts'

/** How a solution ends that imports a package that is not there. */
const endings = new Set<Cause | undefined>(['build_failed', 'crashed', 'never_listened'])

/**
 * Adds to the report of a solution that did not start that it asks for packages that it does not get.
 * @param solution its folder, a copy of ours
 * @param provided the packages of the course
 */
export function explainPackages(report: Report, solution: string, provided: string[]): Report {
  if (!endings.has(report.cause)) return report
  const why = explainMissing(declaredPackages(solution), provided)
  if (why === undefined) return report
  return { ...report, message: report.message === undefined ? why : `${report.message}\n${why}` }
}
