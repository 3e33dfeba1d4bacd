import type { Problem } from '../toolchain.ts'

/** Reads javac's messages: the place, the line itself, a caret below it, and what it says further. */
export function problemsIn(text: string, folder: string): Problem[] {
  const problems: Problem[] = []
  let warned = false
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    const [, file, row, kind, message = ''] = /^(.+\.java):(\d+): (error|warning): (.*)$/.exec(line) ?? []
    if (file !== undefined) warned = kind === 'warning'
    if (file !== undefined && !warned) {
      const source = lines[index + 1] ?? ''
      const column = /^\s*\^/.test(lines[index + 2] ?? '') ? (lines[index + 2] ?? '').indexOf('^') + 1 : 1
      problems.push({ message, file: file.replace(`${folder}/`, ''), line: Number(row), column, source })
    } else if (line.startsWith('error: ')) problems.push({ message: line.slice(7) })
    else if (!warned && /^ {2}(symbol|location|required|found|reason):/.test(line)) {
      const last = problems.at(-1)
      if (last) last.message += `\n${line.trim().replace(/\s+/g, ' ')}`
    }
  }
  for (const problem of problems) {
    const [, name] = /^package ([\w.]+) does not exist/.exec(problem.message) ?? []
    if (name !== undefined && !name.startsWith('java.'))
      problem.message += `\nIs it a library? Put its jar into lib/, or its dependency into a pom.xml beside the sources.`
  }
  return problems.slice(0, 50)
}
