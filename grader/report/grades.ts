import * as z from 'zod'
import { isolationSchema, reportSchema } from './schema.ts'

/** One solution of those that were graded together. */
const submission = z.strictObject({
  /** Whose it is: the folder's name in a class; absent in a workspace of one. */
  learner: z.string().optional(),
  exercise: z.string(),
  /** The solution's folder relative to what was graded, with `/`. */
  folder: z.string(),
  report: reportSchema,
})

/** The result of `grade`: the reports of many solutions, and their sum. Every format is made from it. */
export const gradesSchema = z.strictObject({
  version: z.literal(1),
  course: z.strictObject({ id: z.string(), title: z.string() }),
  isolation: isolationSchema,
  points: z.strictObject({ earned: z.number().int(), possible: z.number().int() }),
  submissions: z.array(submission),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  ms: z.number(),
  /** The version of learn-backend. */
  grader: z.string(),
})

export type Grades = z.infer<typeof gradesSchema>
export type Submission = Grades['submissions'][number]
