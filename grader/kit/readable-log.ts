import { existsSync } from 'node:fs'
import { basename, isAbsolute, join, relative } from 'node:path'
import { sourceFiles } from '../toolchains/source-files.ts'

interface Place {
  /** Its groups: the file, the line, and the column where the language tells it. */
  pattern: RegExp
  /** The first frame is the one that was called first, not the one that failed. */
  outermostFirst?: true
}

/** How languages write where in a file something happened. */
const places: Place[] = [
  // JavaScript
  { pattern: /\(?(?:file:\/\/)?(\/[^():]+):(\d+):(\d+)\)?\s*$/ },
  // A syntax error in JavaScript has no frame, only the place above the quoted line.
  { pattern: /^(?:file:\/\/)?(\/[^():]+\.[cm]?[jt]s):(\d+)$/ },
  { pattern: /^\s*File "([^"<]+)", line (\d+)/, outermostFirst: true },
  // Java tells the file's name alone.
  { pattern: /^\s+at .+\((\w+\.java):(\d+)\)$/ },
  { pattern: /^\s+(\/\S+\.go):(\d+)(?: \+0x[\da-f]+)?$/ },
  { pattern: /^(?:\s+\d+: )?(?:\s*from )?(\/[^:\s]+\.rb):(\d+):in / },
  { pattern: /(?:^#\d+ | in )(\/[^\s(]+\.php)(?: on line |:|\()(\d+)/ },
  { pattern: /panicked at (?:'.*', )?([^\s']+\.rs):(\d+):(\d+)/ },
]

/** Log lines as the learner knows them: their files by relative path, the runtime's own frames left out. */
export function readableLog(lines: string[], folder: string): string[] {
  return withoutForeignFrames(lines, folder)
    .filter((line) => !/^Node\.js v\d|^\s*$|^\s+\w+: undefined,?$/.test(line))
    .map((line) => line.replaceAll(`file://${folder}/`, '').replaceAll(`${folder}/`, ''))
}

/** The stack frames of a log that lie in the learner's own files, as `file:line:column`, innermost first. */
export function ownFrames(lines: string[], folder: string): string[] {
  for (const { pattern, outermostFirst } of places) {
    const found = lines.flatMap((line) => {
      const [, file, ...position] = pattern.exec(line) ?? []
      const own = file === undefined ? undefined : ownFile(file, folder)
      return own === undefined ? [] : [[own, ...position.filter((part) => part !== undefined)].join(':')]
    })
    if (found.length > 0) return [...new Set(outermostFirst ? found.toReversed() : found)]
  }
  return []
}

/** A file that a runtime names, relative to the solution's folder; undefined when it is none of the learner's. */
function ownFile(file: string, folder: string): string | undefined {
  if (/\/(node_modules|\.venv|site-packages)\//.test(file)) return undefined
  if (isAbsolute(file)) return file.startsWith(`${folder}/`) ? relative(folder, file) : undefined
  if (existsSync(join(folder, file))) return file
  if (!file.endsWith('.java')) return undefined
  return existsSync(folder) ? sourceFiles(folder, '.java').find((path) => basename(path) === file) : undefined
}

/** Without the frames of runtimes and libraries, each with the lines of code that Python and Go print along. */
function withoutForeignFrames(lines: string[], folder: string): string[] {
  const isForeign = (file: string) => !file.startsWith(`${folder}/`)
  const kept: string[] = []
  let codeFollows = false
  for (const line of lines) {
    if (codeFollows && /^ {4}/.test(line)) continue
    const [, python] = /^ {2}File "(\/[^"]+|<[^"]+>)", line \d+/.exec(line) ?? []
    codeFollows = python !== undefined && isForeign(python)
    if (codeFollows) continue
    if (
      /^\s+at .*\(?node:|^\s+at (?:\w[\w.]*(?:@[\w.]+)?\/)?(?:java|javax|jdk|sun|com\.sun)\.|^\s+\.\.\. \d+ more$/.test(
        line,
      )
    )
      continue
    const [, go] = /^\t(\/\S+\.go):\d+(?: \+0x[\da-f]+)?$/.exec(line) ?? []
    if (go !== undefined && isForeign(go)) {
      // The line before names the function.
      kept.pop()
      continue
    }
    kept.push(line)
  }
  return kept
}

/** What a crash said: from the error's own line on, at most `count` lines; the last ones when none looks like one. */
export function lastWords(lines: string[], count: number): string[] {
  const error = lines.findLastIndex((line) =>
    /^(Uncaught |Exception in thread .* )?[\w.]*(Error|Exception|panic|error)\b.*:/.test(line),
  )
  // Node shows the place and the line of code above the error.
  const start = error < 0 ? lines.length - count : Math.min(lines.length - count, error - 4)
  return lines.slice(Math.max(0, start)).slice(0, count)
}
