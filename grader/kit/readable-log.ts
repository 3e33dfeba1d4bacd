/** Log lines as the learner knows them: their files by relative path, the runtime's own frames left out. */
export function readableLog(lines: string[], folder: string): string[] {
  return lines
    .filter((line) => !/^\s+at .*\(?node:|^Node\.js v\d|^\s*$|^\s+\w+: undefined,?$/.test(line))
    .map((line) => line.replaceAll(`file://${folder}/`, '').replaceAll(`${folder}/`, ''))
}

/** The stack frames of a log that lie in the learner's own files, as `file:line:column`, innermost first. */
export function ownFrames(lines: string[], folder: string): string[] {
  const pick = (place: RegExp) => {
    const found = lines.flatMap((line) => {
      const [, file, ...position] = place.exec(line) ?? []
      if (!file?.startsWith(`${folder}/`) || file.includes('/node_modules/')) return []
      return [[file.slice(folder.length + 1), ...position].join(':')]
    })
    return [...new Set(found)]
  }
  const frames = pick(/\(?(?:file:\/\/)?(\/[^():]+):(\d+):(\d+)\)?\s*$/)
  // A syntax error has no frame, only the place above the quoted line.
  return frames.length > 0 ? frames : pick(/^(?:file:\/\/)?(\/[^():]+):(\d+)$/)
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
