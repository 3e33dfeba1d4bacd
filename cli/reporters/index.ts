import { jsonReport } from './json.ts'
import type { Reporter } from './reporter.ts'
import { terminalReport } from './terminal.ts'

/** Every format of a report, by its name. A new one is a file beside this one, and an entry here. */
export const reporters = {
  terminal: terminalReport,
  json: jsonReport,
} satisfies Record<string, Reporter>
