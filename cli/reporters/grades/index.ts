import type { GradeFormat } from './format.ts'
import { githubGrades } from './github.ts'
import { gitlabGrades } from './gitlab.ts'
import { htmlGrades } from './html.ts'
import { jsonGrades } from './json.ts'
import { junitGrades } from './junit.ts'
import { markdownGrades } from './markdown.ts'
import { terminalGrades } from './terminal.ts'

/** Every format of grades, by its name. A new one is a file beside this one, and an entry here. */
export const gradeFormats = {
  terminal: terminalGrades,
  json: jsonGrades,
  junit: junitGrades,
  markdown: markdownGrades,
  html: htmlGrades,
  github: githubGrades,
  gitlab: gitlabGrades,
} satisfies Record<string, GradeFormat>

export type GradeFormatName = keyof typeof gradeFormats
