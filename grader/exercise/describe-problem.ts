import type { Problem } from './read-yaml.ts'

/** A problem as `file:line:column message suggestion`. */
export function describeProblem({ file, line, column, message, suggestion }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column}`
  return [place, message, suggestion].filter(Boolean).join(' ')
}

/** Several problems below a headline. */
export function describeProblems(headline: string, problems: Problem[]): string {
  return [headline, ...problems.map(describeProblem)].join('\n')
}
