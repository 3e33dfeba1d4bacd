/** Log lines as the learner knows them: their files by relative path, the runtime's own frames left out. */
export function readableLog(lines: string[], folder: string): string[] {
  return lines
    .filter((line) => !/^\s+at .*\(?node:|^Node\.js v\d|^\s*$/.test(line))
    .map((line) => line.replaceAll(`file://${folder}/`, '').replaceAll(`${folder}/`, ''))
}

/** The stack frames of a log that lie in the learner's own files, as `file:line:column`, innermost first. */
export function ownFrames(lines: string[], folder: string): string[] {
  const frames: string[] = []
  for (const line of lines) {
    const place = /\(?(?:file:\/\/)?(\/[^():]+):(\d+):(\d+)\)?\s*$/.exec(line) ?? /^(?:file:\/\/)?(\/[^():]+):(\d+)()$/.exec(line)
    const [, file, row, column] = place ?? []
    if (!file?.startsWith(`${folder}/`) || file.includes('/node_modules/')) continue
    frames.push([file.slice(folder.length + 1), row, column].filter(Boolean).join(':'))
  }
  return [...new Set(frames)]
}
