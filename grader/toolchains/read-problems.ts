import type { Problem } from './toolchain.ts'

/** Mistakes as a program of ours printed them, as JSON, in a place where the solution may have printed as well. */
export function readProblems(text: string): Problem[] {
  try {
    const problems = JSON.parse(text) as unknown
    return Array.isArray(problems) ? problems.slice(0, 50).map(problemOf) : []
  } catch {
    // It was stopped before it could say anything.
    return []
  }
}

function problemOf(found: unknown): Problem {
  const { message, file, line, column, source } = (found ?? {}) as Record<string, unknown>
  return {
    message: String(message),
    ...(typeof file === 'string' ? { file } : {}),
    ...(typeof line === 'number' ? { line } : {}),
    ...(typeof column === 'number' ? { column } : {}),
    ...(typeof source === 'string' ? { source } : {}),
  }
}
