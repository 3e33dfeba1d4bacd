import type { GradeFormat } from './format.ts'
import { plainJson } from './plain-text.ts'

/** The grades as they are; their schema is versioned. */
export const jsonGrades: GradeFormat = {
  description: 'the whole result, for programs',
  render: (grades, { target }) => [{ ...(target !== undefined && { file: target }), text: plainJson(grades) }],
}
